//! Answers as a person or a program wants them.

use anyhow::Context;
use clap::ValueEnum;
use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    /// A line for each item, with names; nothing that a spreadsheet would run
    Csv,
}

/// Prints a list as a table of the columns, one thing as a line for each of its fields; or all of it as JSON.
/// A column is a path of names: `owner.team`.
pub(super) fn print(body: &Value, columns: &[&str], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(body).context("the answer cannot be shown")?);
        return Ok(());
    }
    let items = body.get("items").and_then(Value::as_array);
    let cursor = body.get("next_cursor").and_then(Value::as_str);
    match (format, items) {
        (Format::Csv, Some(items)) => {
            print!("{}", csv(items, columns)?);
            // Not among the lines: they are data.
            if let Some(cursor) = cursor {
                eprintln!("more: --cursor {cursor}");
            }
        }
        (Format::Csv, None) => print!("{}", csv(std::slice::from_ref(body), &names(body))?),
        (Format::Table | Format::Json, Some(items)) => print_list(items, columns, cursor),
        (Format::Table | Format::Json, None) => print_one(body),
    }
    Ok(())
}

/// Lines as RFC 4180 has them: a column for each path.
fn csv(items: &[Value], columns: &[impl AsRef<str>]) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    writer.write_record(columns.iter().map(AsRef::as_ref))?;
    for item in items {
        writer.write_record(columns.iter().map(|column| harmless(at(item, column.as_ref()))))?;
    }
    Ok(String::from_utf8(writer.into_inner().context("the answer cannot be shown")?)?)
}

/// A cell that a spreadsheet takes for what it is: a text that looks like a formula gets a quote before it, a number stays a
/// number.
fn harmless(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(_) | Value::Array(_) | Value::Object(_) => {
            let text = text(value);
            if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
        }
    }
}

/// The paths of all that a thing has, as the table of one thing shows them.
fn names(body: &Value) -> Vec<String> {
    let fields = body.as_object().into_iter().flatten();
    let paths = fields.flat_map(|(name, value)| match value.as_object() {
        Some(fields) => fields.keys().map(|field| format!("{name}.{field}")).collect(),
        None => vec![name.clone()],
    });
    paths.collect()
}

fn print_list(items: &[Value], columns: &[&str], next_cursor: Option<&str>) {
    println!("{}", list(items, columns));
    if let Some(cursor) = next_cursor {
        println!("more: --cursor {cursor}");
    }
}

/// A table of these columns.
pub(crate) fn list(items: &[Value], columns: &[&str]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(columns.iter().map(|column| column.to_uppercase()));
    for item in items {
        table.add_row(columns.iter().map(|column| cell(item, column)));
    }
    table.trim_fmt()
}

fn print_one(body: &Value) {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    for (name, value) in body.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(fields) => {
                for (field, value) in fields {
                    table.add_row([format!("{name}.{field}"), text(value)]);
                }
            }
            None => {
                table.add_row([name.clone(), text(value)]);
            }
        }
    }
    println!("{}", table.trim_fmt());
}

fn cell(item: &Value, column: &str) -> String {
    text(at(item, column))
}

fn at<'item>(item: &'item Value, column: &str) -> &'item Value {
    column.split('.').try_fold(item, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        // What says itself in words is not spelt out.
        Value::Object(fields) => match fields.get("says").and_then(Value::as_str) {
            Some(says) => says.to_owned(),
            None => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_looks_like_a_formula_is_no_formula() {
        let item =
            json!({ "name": "=1+1", "count": -5, "tags": ["@a", "b"], "note": "a,\"b\"", "none": null });
        let lines = csv(&[item], &["name", "count", "tags", "note", "none", "absent"]).unwrap();
        let expected = "name,count,tags,note,none,absent\r\n'=1+1,-5,'@a b,\"a,\"\"b\"\"\",,\r\n";
        assert_eq!(lines, expected);
        for start in ["+", "-", "@", "\t", "\r"] {
            assert!(harmless(&json!(format!("{start}1"))).starts_with('\''), "{start:?}");
        }
    }

    #[test]
    fn one_thing_is_a_line_of_all_it_has() {
        let thing = json!({ "id": "cli_1", "owner": { "team": "a", "email": null }, "scopes": [] });
        assert_eq!(names(&thing), ["id", "owner.email", "owner.team", "scopes"]);
    }
}
