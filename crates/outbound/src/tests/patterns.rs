//! How hosts are written in lists.

use crate::Pattern;

#[test]
fn a_pattern_is_printed_as_it_is_read() {
    for (text, printed) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/32", "10.1.2.3"),
        ("10.1.2.3:8443", "10.1.2.3:8443"),
        ("10.0.0.0/8:8443", "10.0.0.0/8:8443"),
        ("127.1", "127.0.0.1"),
        ("fd00::7", "fd00::7"),
        ("[fd00::7]", "fd00::7"),
        ("[fd00::7]:8443", "[fd00::7]:8443"),
        ("fd00::/8", "fd00::/8"),
        ("[fd00::/8]:8443", "[fd00::/8]:8443"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("Hooks.Example.com.", "hooks.example.com"),
        ("hooks.example.com:8443", "hooks.example.com:8443"),
        ("localhost", "localhost"),
        ("*.Example.com", "*.example.com"),
        ("*.example.com:443", "*.example.com:443"),
        ("bücher.example", "xn--bcher-kva.example"),
    ] {
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!(pattern.to_string(), printed, "{text}");
        assert_eq!(printed.parse(), Ok(pattern.clone()), "{text}");
        let json = serde_json::to_string(&pattern).unwrap();
        assert_eq!(serde_json::from_str::<Pattern>(&json).unwrap(), pattern);
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    for text in [
        "",
        "*",
        "*.",
        "*.*.example.com",
        "hooks*.example.com",
        "*.10.0.0.1",
        "hooks.example.com:",
        "hooks.example.com:0",
        "hooks.example.com:65536",
        "hooks.example.com:+1",
        "hooks.example.com:https",
        "https://hooks.example.com",
        "hooks.example.com/path",
        "user@hooks.example.com",
        "10.0.0.0/33",
        "10.0.0.256",
        "[10.0.0.1]:80",
        "[fd00::7",
        "[fd00::7]8443",
        "[fd00::]/8",
        " 10.0.0.1",
        ".",
        "..",
    ] {
        let read = text.parse::<Pattern>();
        assert_eq!(read.map_err(|invalid| invalid.text), Err(text.to_owned()));
    }
}
