use super::*;

fn check(body: &str, expected: &str) {
    assert_eq!(blanked(body, "Ann@Example.com"), expected);
}

#[test]
fn every_text_that_contains_the_value_is_blanked() {
    check(
        r#"{"a":"ann@example.com","b":["to ANN@example.com now","bob"],"c":{"d":1}}"#,
        r#"{"a":"","b":["","bob"],"c":{"d":1}}"#,
    );
}

#[test]
fn nothing_is_left_of_a_body_that_cannot_be_blanked_in_part() {
    check(r#"{"ann@example.com":1,"b":"kept"}"#, "{}");
    check("ann@example.com is no JSON", "{}");
    assert_eq!(blanked(r#"{"a":12345}"#, "234"), "{}");
}
