//! Answers as a person or a program wants them.

use anyhow::Context;
use clap::ValueEnum;
use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Prints a list as a table of the columns, one thing as a line for each of its fields; or all of it as JSON.
/// A column is a path of names: `owner.team`.
pub(super) fn print(body: &Value, columns: &[&str], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(body).context("the answer cannot be shown")?);
        return Ok(());
    }
    match body.get("items").and_then(Value::as_array) {
        Some(items) => print_list(items, columns, body.get("next_cursor").and_then(Value::as_str)),
        None => print_one(body),
    }
    Ok(())
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
    text(column.split('.').try_fold(item, |value, name| value.get(name)).unwrap_or(&Value::Null))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
