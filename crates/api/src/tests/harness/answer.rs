//! An answer, held to what is promised of all.

use std::sync::LazyLock;

use axum::body::Bytes;
use http::{HeaderMap, Method, header};
use serde_json::Value;

use crate::catalogue;

pub(in crate::tests) struct Answer {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: HeaderMap,
    pub(in crate::tests) bytes: Bytes,
}

impl Answer {
    pub(in crate::tests) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(in crate::tests) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(in crate::tests) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(in crate::tests) fn etag(&self) -> String {
        self.field("etag").unwrap().to_owned()
    }

    /// What is promised of every answer.
    pub(super) fn check(&self, method: &Method, path: &str) {
        assert_eq!(self.field("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(self.field("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        let request_id = self.field("x-request-id").unwrap();
        let is_problem = self.field("content-type") == Some("application/problem+json");
        assert_eq!(is_problem, self.status >= 400 && path != "/readyz", "{path}: {}", self.text());
        if is_problem {
            let body = self.json();
            let code = body["code"].as_str().unwrap();
            assert_eq!(body["type"], format!("/problems/{code}"));
            assert_eq!(body["status"], self.status);
            assert_eq!(body["request_id"], request_id);
            let entry = catalogue().iter().find(|entry| entry.code == code).expect(code);
            assert!([Some(entry.status), entry.status_in_body].contains(&Some(self.status)), "{body}");
            assert_eq!(body["title"], entry.title);
        }
        if path.starts_with("/v1/") {
            assert_eq!(self.field("cache-control"), Some("no-store"), "{path}");
            assert_no_secret(path, &self.bytes);
        }
        if let Some(documented) = documented(method, path) {
            let status = self.status.to_string();
            assert!(self.status >= 500 || documented.contains(&status), "{method} {path} answers {status}");
        }
    }
}

/// Neither a digest nor a locator by any name; a secret under its own name only.
fn assert_no_secret(path: &str, bytes: &Bytes) {
    let text = String::from_utf8_lossy(bytes);
    for word in ["digest", "hmac", "locator", "pepper", "sha256"] {
        assert!(!text.contains(&format!("\"{word}\":")), "{path}: {text}");
    }
    let shown = text.matches("tg_prod_").count();
    assert!(shown <= usize::from(text.contains("\"secret\":\"tg_prod_")), "{path}: {text}");
}

pub(in crate::tests) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(crate::openapi()).unwrap());

/// The statuses that are documented for an operation, if this is one.
fn documented(method: &Method, path: &str) -> Option<Vec<String>> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        wanted.len() == given.len() && wanted.iter().zip(given).all(|(w, g)| w.starts_with('{') || *w == g)
    };
    let (_, operations) = paths.iter().find(|(template, _)| fits(template))?;
    let operation = operations.get(method.as_str().to_lowercase())?;
    Some(operation["responses"].as_object().unwrap().keys().cloned().collect())
}

pub(in crate::tests) fn content_type(answer: &Answer) -> &str {
    answer.field(header::CONTENT_TYPE.as_str()).unwrap()
}
