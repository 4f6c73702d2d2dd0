use super::*;

fn check(body: &str, expected: Option<&str>) {
    let values = ["ann@example.com", "al", "10.0.0.1", "234", "erased"].map(str::to_owned);
    assert_eq!(blanked(body, &values).as_deref(), expected, "{body}");
}

#[test]
fn every_text_that_contains_a_value_is_blanked() {
    check(
        r#"{"a":"ann@example.com","b":["to ANN@example.com now","bob"],"c":{"d":1,"e":"10.0.0.1:80"}}"#,
        Some(r#"{"a":"[erased]","b":["[erased]","bob"],"c":{"d":1,"e":"[erased]"}}"#),
    );
}

#[test]
fn a_part_of_a_word_is_another_word() {
    check(r#"{"a":"total","b":"Alan","c":"110.0.0.12","d":12345,"e":"joann@example.com"}"#, None);
    check(r#"{"a":"from Al, in total"}"#, Some(r#"{"a":"[erased]"}"#));
}

#[test]
fn what_is_blanked_already_is_not_blanked_again() {
    check(r#"{"a":"[erased]"}"#, None);
    check(r#"{"a":"Bob was erased"}"#, Some(r#"{"a":"[erased]"}"#));
}

#[test]
fn nothing_is_left_of_a_body_that_cannot_be_blanked_in_part() {
    check(r#"{"ann@example.com":1,"b":"kept"}"#, Some("{}"));
    check("ann@example.com is no JSON", Some("{}"));
    check("nor is this", None);
    check(r#"{"a":[1,234]}"#, Some("{}"));
}
