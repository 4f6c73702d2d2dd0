//! The operations of an OpenAPI document, 3.0 or 3.1, as far as routes speak of them.

mod security;
mod servers;

use std::collections::BTreeSet;

use domain::{
    Name, Scope,
    route::{Host, Method, PathTemplate},
};
use serde_json::{Map, Value};

use crate::problem::{Problem, kinds};

/// Of one document.
const OPERATIONS_MAX: usize = 5_000;
/// References to references that are followed.
const REFERENCES_MAX: usize = 16;
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What a document says of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// Where it stands in the document (RFC 6901).
    pub(super) pointer: String,
    pub(super) operation_id: Option<String>,
    pub(super) deprecated: bool,
    pub(super) method: String,
    /// As the document has it.
    pub(super) path: String,
    /// Or why a route cannot say it.
    pub(super) wanted: Result<Wanted, Unfit>,
}

/// The route that an operation is to be. What the document does not speak of is none, and stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: Name,
    /// Empty: any host.
    pub(super) hosts: BTreeSet<Host>,
    /// The path that all operations of its server begin with; empty for none.
    pub(super) base: String,
    pub(super) method: Method,
    pub(super) path: PathTemplate,
    pub(super) required_scopes: Option<BTreeSet<Scope>>,
    pub(super) cost: Option<u32>,
}

/// Why an operation cannot be a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("`{0}` refers to another document, or to nothing in this one")]
    Reference(String),
    #[error("a reference leads to a reference, and so on without end")]
    ReferenceLoop,
    #[error("the path `{path}` {why}")]
    Path { path: String, why: String },
    #[error("the server `{0}` is no address with a host and a path")]
    Server(String),
    #[error("its servers have different base paths: `{0}` and `{1}`")]
    BasePaths(String, String),
    #[error("security scheme `{0}` is not defined")]
    Scheme(String),
    #[error("scope `{scope}` {why}")]
    Scope { scope: String, why: String },
    #[error("its security has alternatives that need different scopes; a route needs all of its scopes")]
    Alternatives,
    #[error("`x-tollgate-cost` must be a whole number from 1 to 1,000")]
    Cost,
    #[error("it must be an object")]
    Form,
}

impl Unfit {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Reference(_) => "reference_not_found",
            Self::ReferenceLoop => "reference_loop",
            Self::Path { .. } => "path_not_expressible",
            Self::Server(_) => "server_invalid",
            Self::BasePaths(..) => "base_paths_differ",
            Self::Scheme(_) => "security_scheme_not_found",
            Self::Scope { .. } => "scope_not_expressible",
            Self::Alternatives => "security_alternatives",
            Self::Cost => "cost_invalid",
            Self::Form => "operation_malformed",
        }
    }
}

/// All operations, in the order of their paths and methods. `hosts` stand in for those of its servers where given.
pub(super) fn operations(document: &Value, hosts: &BTreeSet<Host>) -> Result<Vec<Operation>, Problem> {
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !["3.0.", "3.1."].iter().any(|known| version.starts_with(known)) {
        let said = "the document must be OpenAPI 3.0 or 3.1, and say so in `openapi`";
        return Err(Problem::because(kinds::BODY_INVALID, said).with("pointer", "/openapi"));
    }
    let none = Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&none);
    let mut found = vec![];
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
        let pointer = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let item = match resolved(document, item) {
            Ok(item) => item,
            Err(unfit) => {
                let (method, path, wanted) = (String::new(), path.clone(), Err(unfit));
                found.push(Operation {
                    pointer,
                    operation_id: None,
                    deprecated: false,
                    method,
                    path,
                    wanted,
                });
                continue;
            }
        };
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let place = Place { document, item, operation, path, method, hosts };
                found.push(place.read(format!("{pointer}/{method}")));
            }
        }
        if found.len() > OPERATIONS_MAX {
            let said = format!("the document has more than {OPERATIONS_MAX} operations");
            return Err(Problem::because(kinds::BODY_INVALID, said).with("pointer", "/paths"));
        }
    }
    Ok(found)
}

/// Through references to the thing itself. None leads out of the document.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value, Unfit> {
    let mut value = value;
    for _ in 0..REFERENCES_MAX {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
        let unknown = || Unfit::Reference(reference.to_owned());
        let pointer = reference.strip_prefix('#').ok_or_else(unknown)?;
        let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8().map_err(|_| unknown())?;
        value = document.pointer(&pointer).ok_or_else(unknown)?;
    }
    Err(Unfit::ReferenceLoop)
}

/// One operation and what is around it.
struct Place<'a> {
    document: &'a Value,
    item: &'a Value,
    operation: &'a Value,
    path: &'a str,
    method: &'a str,
    hosts: &'a BTreeSet<Host>,
}

impl Place<'_> {
    fn read(&self, pointer: String) -> Operation {
        let text = |name: &str| self.operation.get(name).and_then(Value::as_str).map(str::to_owned);
        Operation {
            pointer,
            operation_id: text("operationId"),
            deprecated: self.operation.get("deprecated").and_then(Value::as_bool).unwrap_or_default(),
            method: self.method.to_ascii_uppercase(),
            path: self.path.to_owned(),
            wanted: self.wanted(),
        }
    }

    fn wanted(&self) -> Result<Wanted, Unfit> {
        if !self.operation.is_object() {
            return Err(Unfit::Form);
        }
        let upper = self.method.to_ascii_uppercase();
        let method: Method = upper.parse().map_err(|_| Unfit::Form)?;
        let servers = servers::of([self.operation, self.item, self.document])?;
        let path = template(&format!("{}{}", servers.base, self.path))?;
        let security = self.operation.get("security").or_else(|| self.document.get("security"));
        let required_scopes =
            security.map(|security| security::scopes(self.document, security)).transpose()?;
        let hosts = if self.hosts.is_empty() { servers.hosts } else { self.hosts.clone() };
        let name = self.name(&format!("{upper} {path}"))?;
        Ok(Wanted { name, hosts, base: servers.base, method, path, required_scopes, cost: self.cost()? })
    }

    /// The operation's id, else its summary, else what it is called by; as far as a name may be long.
    fn name(&self, otherwise: &str) -> Result<Name, Unfit> {
        let said = ["operationId", "summary"]
            .into_iter()
            .filter_map(|name| self.operation.get(name).and_then(Value::as_str));
        let cut = |text: &str| text.trim().chars().take(120).collect::<String>();
        let mut names = said.chain([otherwise]).filter_map(|text| cut(text).trim_end().parse().ok());
        names.next().ok_or(Unfit::Form)
    }

    fn cost(&self) -> Result<Option<u32>, Unfit> {
        let Some(cost) = self.operation.get("x-tollgate-cost") else { return Ok(None) };
        let cost = cost.as_u64().and_then(|cost| u32::try_from(cost).ok());
        cost.filter(|cost| (1..=1_000).contains(cost)).map(Some).ok_or(Unfit::Cost)
    }
}

/// OpenAPI names places as it likes; routes name them by letters, digits and `_`.
fn template(path: &str) -> Result<PathTemplate, Unfit> {
    let place = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) if !name.contains(['{', '}']) => {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let name: String = name.chars().map(plain).take(60).collect();
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if begins { format!("{{{name}}}") } else { format!("{{_{name}}}") }
        }
        Some(_) | None => segment.to_owned(),
    };
    let spelled = path.split('/').map(place).collect::<Vec<_>>().join("/");
    spelled.parse().map_err(|why: domain::InvalidValue| Unfit::Path {
        path: path.to_owned(),
        why: why.expected.into_owned(),
    })
}
