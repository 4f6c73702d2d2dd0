//! The scopes that a document's security comes to.

use std::collections::BTreeSet;

use domain::Scope;
use serde_json::Value;

use super::{Unfit, resolved};

/// What a caller needs in any case. Alternatives without scopes are ways to prove who one is, which a key is here; those
/// with scopes must agree, since a route needs all of its scopes.
pub(super) fn scopes(document: &Value, security: &Value) -> Result<BTreeSet<Scope>, Unfit> {
    let mut agreed: Option<BTreeSet<Scope>> = None;
    for alternative in security.as_array().ok_or(Unfit::Form)? {
        let needed = of_alternative(document, alternative)?;
        match &agreed {
            _ if needed.is_empty() => {}
            Some(agreed) if *agreed != needed => return Err(Unfit::Alternatives),
            Some(_) | None => agreed = Some(needed),
        }
    }
    Ok(agreed.unwrap_or_default())
}

/// All schemes of one alternative are needed; those of OAuth 2 and `OpenID` Connect have scopes.
fn of_alternative(document: &Value, alternative: &Value) -> Result<BTreeSet<Scope>, Unfit> {
    let mut needed = BTreeSet::new();
    for (name, scopes) in alternative.as_object().ok_or(Unfit::Form)? {
        let schemes = document.pointer("/components/securitySchemes");
        let scheme = schemes.and_then(|schemes| schemes.get(name));
        let scheme = resolved(document, scheme.ok_or_else(|| Unfit::Scheme(name.clone()))?)?;
        let kind = scheme.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "oauth2" | "openIdConnect") {
            continue;
        }
        for scope in scopes.as_array().ok_or(Unfit::Form)? {
            let scope = scope.as_str().ok_or(Unfit::Form)?;
            let read = scope.parse().map_err(|why: domain::InvalidValue| Unfit::Scope {
                scope: scope.to_owned(),
                why: why.expected.into_owned(),
            })?;
            needed.insert(read);
        }
    }
    Ok(needed)
}
