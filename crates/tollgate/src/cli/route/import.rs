//! `tollgate route import`.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON's own: what is not there is null, and is made where it is written"
)]

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cli::{Connection, output::Format, rest::Rest};

/// Sends the document, and shows what it changes: a line for each operation, and one for each field.
pub(super) async fn run(
    file: &Path,
    plan: bool,
    prune: bool,
    hosts: &[String],
    connection: &Connection,
) -> anyhow::Result<()> {
    let document =
        std::fs::read(file).with_context(|| format!("cannot read the document {}", file.display()))?;
    let json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let kind = if json { "application/json" } else { "application/yaml" };
    let mut query = vec![("mode", if plan { "plan" } else { "apply" }.to_owned())];
    query.push(("prune", prune.to_string()));
    if !hosts.is_empty() {
        query.push(("hosts", hosts.join(",")));
    }
    let rest = Rest::new(connection)?;
    let answer = rest.post_document("/routes/import", &query, kind, document).await?;
    if connection.output != Format::Table || answer.waiting.is_some() {
        return rest.print(&answer, &[]);
    }
    print!("{}", lines(&answer.body));
    if answer.body["complete"] == false {
        bail!("a change failed, and those after it were not attempted; import again once its cause is gone");
    }
    Ok(())
}

/// The report for people: `+` added, `~` changed, `-` missing, `!` refused; what is unchanged is only counted.
fn lines(report: &Value) -> String {
    let mut all = String::new();
    for item in report["items"].as_array().into_iter().flatten() {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        let mark = match text("change") {
            "added" => '+',
            "changed" => '~',
            "missing" => '-',
            "refused" => '!',
            _ => continue,
        };
        let outcome = item["outcome"].as_str().map(|outcome| format!("  [{outcome}]")).unwrap_or_default();
        all.push_str(&format!(
            "{mark} {} {}  {}{outcome}\n",
            text("method"),
            text("path"),
            text("operation_id")
        ));
        for change in item["changes"].as_array().into_iter().flatten() {
            let field = change["field"].as_str().unwrap_or_default();
            all.push_str(&format!("    {field}: {} -> {}\n", change["from"], change["to"]));
        }
        if !text("code").is_empty() {
            all.push_str(&format!("    {}: {}\n", text("code"), text("message")));
        }
    }
    let counts = &report["counts"];
    let count = |name: &str| format!("{} {name}", counts[name]);
    let counted = ["added", "changed", "unchanged", "missing", "refused"].map(count).join(", ");
    all.push_str(&format!("{}: {counted}\n", report["mode"].as_str().unwrap_or_default()));
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_reads_as_a_list_of_differences() {
        let report = json!({
            "mode": "plan",
            "counts": { "added": 1, "changed": 1, "unchanged": 4, "missing": 0, "refused": 1 },
            "items": [
                { "change": "added", "method": "GET", "path": "/pets", "operation_id": "listPets", "outcome": "applied" },
                { "change": "changed", "method": "POST", "path": "/pets", "operation_id": "addPet",
                  "changes": [{ "field": "cost", "from": 1, "to": 5 }] },
                { "change": "unchanged", "method": "PUT", "path": "/pets" },
                { "change": "refused", "method": "GET", "path": "/a.{b}", "code": "path_not_expressible", "message": "why" },
            ],
        });
        let expected = "+ GET /pets  listPets  [applied]\n\
            ~ POST /pets  addPet\n    cost: 1 -> 5\n\
            ! GET /a.{b}  \n    path_not_expressible: why\n\
            plan: 1 added, 1 changed, 4 unchanged, 0 missing, 1 refused\n";
        assert_eq!(lines(&report), expected);
    }
}
