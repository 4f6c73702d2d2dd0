//! Documents as people write them, and as nobody should.

use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::{
    document::{Unfit, operations},
    text,
};

fn headers(kind: &str) -> HeaderMap {
    [(header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect()
}

fn read(kind: &str, body: &str) -> Result<Value, u16> {
    text::read(&headers(kind), body.as_bytes()).map_err(|problem| problem.status())
}

/// A document with these paths.
fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Orders", "version": "1" },
        "servers": [{ "url": "https://api.example.com/v2" }],
        "security": [{ "oauth": ["orders:read"] }],
        "components": { "securitySchemes": {
            "oauth": { "type": "oauth2", "flows": {} }, "key": { "type": "apiKey", "in": "header", "name": "k" },
            "oidc": { "$ref": "#/components/securitySchemes/real" }, "real": { "type": "openIdConnect" },
        } },
        "paths": paths,
    })
}

/// What the only operation is wanted to be.
fn wanted(document: &Value) -> Result<super::document::Wanted, Unfit> {
    let mut all = operations(document, &[].into()).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).wanted
}

#[test]
fn a_document_is_told_by_its_media_type() {
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.oai.openapi+json"] {
        assert_eq!(read(kind, "{\"a\": [1, null]}"), Ok(json!({ "a": [1, null] })));
    }
    for kind in ["application/yaml", "text/yaml", "application/vnd.oai.openapi"] {
        assert_eq!(
            read(kind, "a: [1, ~]\n200: yes it is"),
            Ok(json!({ "a": [1, null], "200": "yes it is" }))
        );
    }
    assert_eq!(read("text/plain", "{}"), Err(415));
    for (kind, body) in [
        ("application/json", "{"),
        ("application/json", "{} {}"),
        ("application/json", "{\"a\": 1, \"a\": 2}"),
        ("application/yaml", "a: [1"),
        ("application/yaml", "a: 1\n---\nb: 2"),
        ("application/yaml", "? [a, b]\n: 1"),
    ] {
        assert_eq!(read(kind, body), Err(400), "{body}");
    }
}

#[test]
fn a_few_lines_that_stand_for_millions_are_not_followed() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert_eq!(read("application/yaml", &bomb), Err(400));
    assert_eq!(read("application/json", &"[".repeat(100_000)), Err(400));
    assert_eq!(read("application/yaml", &"[".repeat(100_000)), Err(400));
    assert_eq!(read("application/json", &format!("[{}0]", "0,".repeat(1_000_001))), Err(400));
    // An anchor that stands for little is as good as what it stands for.
    let said = "a: &a { x: 1 }\nb: *a";
    assert_eq!(read("application/yaml", said), Ok(json!({ "a": { "x": 1 }, "b": { "x": 1 } })));
}

#[test]
fn an_operation_becomes_a_route_at_its_server() {
    let found = wanted(&document(json!({ "/orders/{order-id}": { "get": {
        "operationId": "readOrder", "x-tollgate-cost": 3, "responses": { "200": { "description": "ok" } },
    } } })));
    let found = found.unwrap();
    assert_eq!((found.name.as_str(), found.method.as_str()), ("readOrder", "GET"));
    assert_eq!((found.path.as_str(), found.base.as_str()), ("/v2/orders/{order_id}", "/v2"));
    assert_eq!(found.hosts, ["api.example.com".parse().unwrap()].into());
    assert_eq!(found.required_scopes, Some(["orders:read".parse().unwrap()].into()));
    assert_eq!(found.cost, Some(3));
}

#[test]
fn a_name_is_the_operations_id_or_its_summary_or_what_is_called() {
    let name = |operation: Value| wanted(&document(json!({ "/a": { "post": operation } }))).unwrap().name;
    assert_eq!(name(json!({ "operationId": "id", "summary": "Sum" })).as_str(), "id");
    assert_eq!(name(json!({ "summary": " Sum " })).as_str(), "Sum");
    assert_eq!(name(json!({ "summary": "a\u{0}b" })).as_str(), "POST /v2/a");
    assert_eq!(name(json!({ "summary": "x".repeat(500) })).as_str().len(), 120);
}

#[test]
fn servers_are_those_of_the_innermost_and_their_variables_are_filled_in() {
    let at = |servers: Value| -> Result<(String, String), Unfit> {
        let found = wanted(&document(json!({ "/a": { "get": { "servers": servers } } })))?;
        Ok((
            found.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            found.path.to_string(),
        ))
    };
    let ok = |hosts: &str, path: &str| Ok((hosts.to_owned(), path.to_owned()));
    assert_eq!(at(json!([])), ok("", "/a"));
    assert_eq!(at(json!([{ "url": "/" }])), ok("", "/a"));
    assert_eq!(at(json!([{ "url": "/base/" }])), ok("", "/base/a"));
    assert_eq!(
        at(json!([{ "url": "https://A.example.com:8443/b" }, { "url": "https://c.example.com/b/" }])),
        ok("a.example.com c.example.com", "/b/a")
    );
    let variables = json!({ "v": { "default": "v3" }, "h": { "default": "eu" } });
    let filled = json!([{ "url": "https://{h}.example.com/{v}", "variables": variables }]);
    assert_eq!(at(filled), ok("eu.example.com", "/v3/a"));
    for (servers, code) in [
        (json!([{ "url": "https://a.com/1" }, { "url": "https://a.com/2" }]), "base_paths_differ"),
        (json!([{ "url": "https://{h}.com" }]), "server_invalid"),
        (json!([{ "url": "https://[::1]/" }]), "server_invalid"),
        (json!([{}]), "server_invalid"),
    ] {
        assert_eq!(at(servers.clone()).map_err(|unfit| unfit.code()), Err(code), "{servers}");
    }
}

#[test]
fn alternatives_must_agree_on_scopes_and_those_without_are_ways_to_say_who_one_is() {
    let scopes = |security: Option<Value>| -> Result<String, &'static str> {
        let mut operation = json!({});
        if let Some(security) = security {
            operation["security"] = security;
        }
        let found = wanted(&document(json!({ "/a": { "get": operation } }))).map_err(|unfit| unfit.code())?;
        let scopes = found.required_scopes.unwrap();
        Ok(scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    let ok = |scopes: &str| Ok(scopes.to_owned());
    assert_eq!(scopes(None), ok("orders:read"));
    assert_eq!(scopes(Some(json!([]))), ok(""));
    assert_eq!(scopes(Some(json!([{ "key": ["role"] }]))), ok(""));
    assert_eq!(scopes(Some(json!([{ "oauth": ["b", "a"], "key": [] }]))), ok("a b"));
    assert_eq!(scopes(Some(json!([{ "oauth": ["a"] }, { "key": [] }, {}]))), ok("a"));
    assert_eq!(scopes(Some(json!([{ "oauth": ["a"] }, { "oidc": ["a"] }]))), ok("a"));
    assert_eq!(scopes(Some(json!([{ "oauth": ["a"], "oidc": ["b"] }]))), ok("a b"));
    for (security, code) in [
        (json!([{ "oauth": ["a"] }, { "oauth": ["b"] }]), "security_alternatives"),
        (json!([{ "nobody": [] }]), "security_scheme_not_found"),
        (json!([{ "oauth": ["a b"] }]), "scope_not_expressible"),
        (json!("oauth"), "operation_malformed"),
    ] {
        assert_eq!(scopes(Some(security.clone())), Err(code), "{security}");
    }
    // A document that does not speak of security says nothing about scopes.
    let mut silent = document(json!({ "/a": { "get": {} } }));
    silent.as_object_mut().unwrap().remove("security");
    assert_eq!(wanted(&silent).unwrap().required_scopes, None);
}

#[test]
fn references_are_followed_in_the_document_and_nowhere_else() {
    let refer = |to: &str| {
        let mut document = document(json!({ "/a": { "$ref": to } }));
        document["components"]["pathItems"] = json!({
            "real": { "get": { "operationId": "found" } }, "loop": { "$ref": "#/components/pathItems/back" },
            "back": { "$ref": "#/components/pathItems/loop" },
        });
        wanted(&document).map(|found| found.name.to_string()).map_err(|unfit| unfit.code())
    };
    assert_eq!(refer("#/components/pathItems/real"), Ok("found".to_owned()));
    assert_eq!(refer("#/components/pathItems/loop"), Err("reference_loop"));
    for nowhere in
        ["#/components/pathItems/none", "other.yaml#/a", "https://evil.example/doc", "file:///etc/passwd"]
    {
        assert_eq!(refer(nowhere), Err("reference_not_found"), "{nowhere}");
    }
    // A schema that holds itself is nothing to a route.
    let mut looped = document(json!({ "/a": { "get": { "responses": {} } } }));
    looped["components"]["schemas"] = json!({ "A": { "$ref": "#/components/schemas/A" } });
    assert!(wanted(&looped).is_ok());
}

#[test]
fn what_a_route_cannot_say_is_refused_by_its_reason() {
    for (path, code) in [
        ("/files/{name}.json", "path_not_expressible"),
        ("/a//b", "path_not_expressible"),
        ("/a b", "path_not_expressible"),
        ("/{id}/x/{id}", "path_not_expressible"),
    ] {
        let found = wanted(&document(json!({ path: { "get": {} } })));
        assert_eq!(found.map_err(|unfit| unfit.code()), Err(code), "{path}");
    }
    for cost in [json!(0), json!(1_001), json!("3"), json!(1.5)] {
        let found = wanted(&document(json!({ "/a": { "get": { "x-tollgate-cost": cost } } })));
        assert_eq!(found, Err(Unfit::Cost));
    }
}

#[test]
fn only_openapi_3_is_read() {
    for version in [json!("2.0"), json!("4.0.0"), json!("3.2.0"), json!(3.1), json!(null)] {
        let document = json!({ "openapi": version, "paths": {} });
        assert_eq!(operations(&document, &[].into()).unwrap_err().status(), 422, "{version}");
    }
    assert_eq!(operations(&json!({ "openapi": "3.1.0" }), &[].into()).unwrap(), []);
    assert_eq!(operations(&json!([]), &[].into()).unwrap_err().status(), 422);
}
