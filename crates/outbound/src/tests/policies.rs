//! What the operator opens and closes, and what no operator has to close.

use std::net::IpAddr;

use crate::{Pattern, Policy, Refused};

fn policy(allow: &[&str], deny: &[&str]) -> Policy {
    let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Pattern>>();
    Policy { allow: read(allow), deny: read(deny), allow_http: false }
}

/// `at` stands for the addresses that the name resolves to.
#[track_caller]
fn check(policy: &Policy, url: &str, at: &[&str], expected: Result<(), &str>) {
    let addresses: Vec<IpAddr> = at.iter().map(|text| text.parse().unwrap()).collect();
    let checked = policy.read(url).and_then(|url| match url.domain() {
        Some(name) => policy.check_addresses(name, url.port_or_known_default().unwrap(), &addresses),
        None => Ok(()),
    });
    assert_eq!(checked.map_err(|refused| refused.code()), expected, "{url} at {at:?}");
}

const PUBLIC: &[&str] = &["8.8.8.8"];
const NOT_PUBLIC: Result<(), &str> = Err("outbound_address_not_public");
const DENIED: Result<(), &str> = Err("outbound_denied");
const INVALID: Result<(), &str> = Err("outbound_url_invalid");
const SCHEME: Result<(), &str> = Err("outbound_scheme_not_allowed");

#[test]
fn a_url_has_no_user_no_fragment_and_no_other_scheme() {
    let usual = Policy::default();
    for (url, expected) in [
        ("https://hooks.example.com/a?b=c", Ok(())),
        ("https://hooks.example.com.:8443/", Ok(())),
        ("https://bücher.example/", Ok(())),
        ("HTTPS://hooks.example.com", Ok(())),
        ("http://hooks.example.com/", SCHEME),
        ("ftp://hooks.example.com/", SCHEME),
        ("file:///etc/passwd", SCHEME),
        ("gopher://hooks.example.com/", SCHEME),
        ("ws://hooks.example.com/", SCHEME),
        ("unix:/run/docker.sock", SCHEME),
        ("https://user@hooks.example.com/", INVALID),
        ("https://:password@hooks.example.com/", INVALID),
        ("https://8.8.8.8@hooks.example.com/", INVALID),
        ("https://hooks.example.com/#a", INVALID),
        ("https://hooks.example.com/#", INVALID),
        ("https://hooks.example.com:0/", INVALID),
        ("https://hooks.example.com:65536/", INVALID),
        ("https://", INVALID),
        ("https://[fe80::1%25eth0]/", INVALID),
        ("https://a b/", INVALID),
        ("https://1.2.3.4.5/", INVALID),
        ("hooks.example.com", INVALID),
        ("//hooks.example.com/", INVALID),
        ("", INVALID),
    ] {
        check(&usual, url, PUBLIC, expected);
    }
    let plain = Policy { allow_http: true, ..Policy::default() };
    check(&plain, "http://hooks.example.com/", PUBLIC, Ok(()));
    check(&plain, "ftp://hooks.example.com/", PUBLIC, SCHEME);
    check(&plain, "http://127.0.0.1/", &[], NOT_PUBLIC);
}

#[test]
fn names_of_this_machine_are_judged_by_where_they_lead() {
    let usual = Policy::default();
    for name in ["localhost", "LOCALHOST", "localhost.", "hooks.localhost", "localtest.me"] {
        check(&usual, &format!("https://{name}/"), &["127.0.0.1", "::1"], NOT_PUBLIC);
    }
}

#[test]
fn what_is_allowed_is_opened_at_its_port() {
    let allowed = policy(&["10.2.0.0/16", "192.168.0.7:8443", "[fd00::7]:8443"], &[]);
    check(&allowed, "https://10.2.3.4/", &[], Ok(()));
    check(&allowed, "https://10.3.3.4/", &[], NOT_PUBLIC);
    check(&allowed, "https://[::ffff:10.2.3.4]/", &[], Ok(()));
    check(&allowed, "https://[64:ff9b::10.2.3.4]/", &[], Ok(()));
    check(&allowed, "https://192.168.0.7:8443/", &[], Ok(()));
    check(&allowed, "https://192.168.0.7/", &[], NOT_PUBLIC);
    check(&allowed, "https://[fd00::7]:8443/", &[], Ok(()));
    check(&allowed, "https://[fd00::7]/", &[], NOT_PUBLIC);
    check(&allowed, "https://hooks.example.com/", &["10.2.3.4", "8.8.8.8"], Ok(()));
    check(&allowed, "https://hooks.example.com/", &["10.2.3.4", "10.3.3.4"], NOT_PUBLIC);

    let named = policy(&["hooks.internal", "*.corp.example:8443"], &[]);
    check(&named, "https://hooks.internal/", &["10.0.0.1", "::1"], Ok(()));
    check(&named, "https://HOOKS.internal.:9000/", &["10.0.0.1"], Ok(()));
    check(&named, "https://a.hooks.internal/", &["10.0.0.1"], NOT_PUBLIC);
    check(&named, "https://a.b.corp.example:8443/", &["10.0.0.1"], Ok(()));
    check(&named, "https://a.corp.example/", &["10.0.0.1"], NOT_PUBLIC);
    check(&named, "https://corp.example:8443/", &["10.0.0.1"], NOT_PUBLIC);
    check(&named, "https://evilcorp.example:8443/", &["10.0.0.1"], NOT_PUBLIC);
    check(&named, "https://10.0.0.1/", &[], NOT_PUBLIC);
    check(&named, "https://elsewhere.example/", PUBLIC, Ok(()));
}

#[test]
fn a_metadata_service_is_opened_by_its_address_alone() {
    let wide = policy(&["169.254.0.0/16", "fd00::/8", "metadata.internal", "100.64.0.0/10"], &[]);
    check(&wide, "https://169.254.1.1/", &[], Ok(()));
    check(&wide, "https://[fd00::1]/", &[], Ok(()));
    for host in ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "[::ffff:169.254.169.254]"] {
        check(&wide, &format!("https://{host}/"), &[], NOT_PUBLIC);
    }
    check(&wide, "https://metadata.internal/", &["169.254.169.254"], NOT_PUBLIC);
    let meant = policy(&["169.254.169.254"], &[]);
    check(&meant, "https://169.254.169.254/", &[], Ok(()));
    check(&meant, "https://metadata.internal/", &["169.254.169.254"], Ok(()));
}

#[test]
fn what_is_denied_stays_closed_whatever_is_allowed() {
    let denied = policy(
        &["10.0.0.0/8", "hooks.internal", "*.corp.example"],
        &["10.9.0.0/16", "hooks.internal:25", "*.secret.corp.example", "8.8.8.0/24", "[2001:4860::/32]:8443"],
    );
    check(&denied, "https://10.8.0.1/", &[], Ok(()));
    check(&denied, "https://10.9.0.1/", &[], DENIED);
    check(&denied, "https://[::ffff:10.9.0.1]/", &[], DENIED);
    check(&denied, "https://hooks.internal/", &["10.8.0.1"], Ok(()));
    check(&denied, "https://hooks.internal/", &["10.9.0.1"], DENIED);
    check(&denied, "https://hooks.internal:25/", &["10.8.0.1"], DENIED);
    check(&denied, "https://HOOKS.internal.:25/", &["10.8.0.1"], DENIED);
    check(&denied, "https://a.secret.corp.example/", &["10.8.0.1"], DENIED);
    check(&denied, "https://a.corp.example/", &["10.8.0.1", "8.8.8.8"], DENIED);
    check(&denied, "https://8.8.8.8/", &[], DENIED);
    check(&denied, "https://[64:ff9b::8.8.8.8]/", &[], DENIED);
    check(&denied, "https://[2001:4860::1]/", &[], Ok(()));
    check(&denied, "https://[2001:4860::1]:8443/", &[], DENIED);
    // Without a look at addresses, too: a name is refused when an endpoint is made.
    let url = "https://a.secret.corp.example/";
    assert_eq!(denied.read(url), Err(Refused::Denied { host: "a.secret.corp.example".to_owned() }));
}

#[test]
fn a_refusal_does_not_tell_the_address_of_a_name() {
    let refused = Policy::default().check_addresses("db.internal", 443, &["10.1.2.3".parse().unwrap()]);
    let told = refused.unwrap_err().to_string();
    assert_eq!(told, "`db.internal` is at an address that is not public but private");
}
