//! `tollgate key import`: what is uploaded, and what must not leave this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Connection, rest::Rest};

const REFUSAL_COLUMNS: [&str; 4] = ["number", "subject", "code", "detail"];

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    Csv,
    Jsonl,
    Unkey,
    /// Secrets in clear are digested on this machine
    Kong,
    Tyk,
}

#[derive(Args, Debug)]
pub(crate) struct ImportKeys {
    /// The export
    file: PathBuf,
    /// What the system is called that the keys come from
    #[arg(long)]
    source: String,
    /// How it is written; without it, `csv` or `jsonl` by the file's name
    #[arg(long, value_enum)]
    format: Option<ImportFormat>,
    /// The client of rows that name none
    #[arg(long)]
    client_id: Option<String>,
    /// The environment of rows that name none
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

impl ImportFormat {
    fn of_file(file: &Path) -> anyhow::Result<Self> {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            Some(_) | None => bail!("say how {} is written: --format", file.display()),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Unkey => "unkey",
            Self::Kong => "kong",
            Self::Tyk => "tyk",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Jsonl => "application/jsonl",
            Self::Unkey | Self::Kong | Self::Tyk => "application/json",
        }
    }
}

pub(super) async fn run(asked: ImportKeys) -> anyhow::Result<()> {
    let ImportKeys { file, source, format, client_id, environment, connection } = asked;
    // First: how a file is written that is not there is nothing to ask about.
    let export = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let format = format.map_or_else(|| ImportFormat::of_file(&file), Ok)?;
    let upload = if format == ImportFormat::Kong { without_secrets(&export)? } else { export };
    let rest = Rest::new(&connection)?;
    let query = [
        ("source", Some(source)),
        ("format", Some(format.as_str().to_owned())),
        ("client_id", client_id),
        ("environment", environment),
    ];
    let mut answer = rest.upload("/keys/import", &query, format.media_type(), upload).await?;
    if let Some(refusals) = answer.body.get_mut("refusals").map(Value::take) {
        rest.print(&answer, &[])?;
        answer.body = json!({ "items": refusals, "next_cursor": null });
        return rest.print(&answer, &REFUSAL_COLUMNS);
    }
    rest.print(&answer, &[])
}

/// Kong keeps its secrets in clear: each `key` of a credential becomes its SHA-256 and its last characters.
fn without_secrets(export: &str) -> anyhow::Result<String> {
    let document = serde_json::from_str::<Value>(export);
    if let Ok(mut document) = document {
        digest_keys(&mut document);
        return Ok(document.to_string());
    }
    let lines = export.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| {
        // The line itself is not repeated: there is a secret in it.
        let mut credential: Value = serde_json::from_str(line)
            .map_err(|_| anyhow::anyhow!("line {} is no JSON; of decK's dumps take those in JSON", at + 1))?;
        digest_keys(&mut credential);
        Ok(credential.to_string() + "\n")
    });
    lines.collect()
}

fn digest_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(digest_keys),
        Value::Object(fields) => {
            if let Some(Value::String(secret)) = fields.remove("key") {
                let chars = secret.chars().count();
                // Too short a secret would be given away by its end.
                let hint: String = secret.chars().skip(if chars >= 16 { chars - 4 } else { chars }).collect();
                fields.insert("sha256".to_owned(), hex::encode(Sha256::digest(&secret)).into());
                fields.insert("hint".to_owned(), hint.into());
            }
            fields.values_mut().for_each(digest_keys);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_kong_leaves_the_machine() {
        let listed =
            json!({ "data": [{ "id": "c1", "key": "IL1deIyHyQA40WpeLeA1bIUXuvTwlGjo" }], "next": null });
        let dumped =
            json!({ "consumers": [{ "username": "a", "keyauth_credentials": [{ "key": "short-secret" }] }] });
        let lines = "{\"id\":\"c1\",\"key\":\"IL1deIyHyQA40WpeLeA1bIUXuvTwlGjo\"}\n\n{\"id\":\"c2\",\"key\":\"other-secret\"}\n";
        for export in [listed.to_string(), dumped.to_string(), lines.to_owned()] {
            let upload = without_secrets(&export).unwrap();
            assert!(!upload.contains("IL1deIyHyQA40Wpe") && !upload.contains("secret"), "{upload}");
            assert!(!upload.contains("\"key\""), "{upload}");
        }
        let upload = without_secrets(&listed.to_string()).unwrap();
        assert!(upload.contains("\"hint\":\"lGjo\"") && upload.contains("\"id\":\"c1\""), "{upload}");
        assert!(
            upload.contains(&hex::encode(Sha256::digest("IL1deIyHyQA40WpeLeA1bIUXuvTwlGjo"))),
            "{upload}"
        );
        assert!(without_secrets("not json\n").is_err());
    }
}
