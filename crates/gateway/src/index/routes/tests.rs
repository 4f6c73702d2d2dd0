use domain::{
    DomainEvent, RouteId,
    decision::RefusalReason,
    route::{self, RouteEvent},
};

use crate::{
    Call,
    testing::{CLIENT, KEY, Organisation, call, read, read_all, recorded, secret, settings},
};

fn org() -> Organisation {
    let mut org = Organisation::empty(settings());
    org.register(CLIENT, &["prod"], &[]);
    org.issue(KEY, CLIENT, 1, |_| {});
    org
}

fn id(number: u32) -> String {
    format!("rte_{number:026}")
}

impl Organisation {
    fn define(&mut self, number: u32, host: Option<&str>, methods: &[&str], path: &str) {
        self.route(&id(number), |spec| {
            spec.hosts = host.map(read).into_iter().collect();
            spec.methods = read_all(methods);
            spec.path = read(path);
            spec.required_scopes.clear();
        });
    }

    fn retire(&mut self, number: u32) {
        let event = RouteEvent::Retired(route::Retired { reason: None });
        self.tell(DomainEvent::Route { id: read(&id(number)), event });
    }

    fn found(&self, host: Option<&str>, method: &str, path: &str) -> Option<RouteId> {
        let (secret, environment) = (secret(1), read("prod"));
        let decision = self.judge(&Call { host, method, path, ..call(&secret, &environment) });
        assert_eq!(decision.reason, decision.route_id.is_none().then_some(RefusalReason::UnknownRoute));
        decision.route_id
    }
}

fn check(org: &Organisation, path: &str, expected: Option<u32>) {
    assert_eq!(org.found(None, "GET", path), expected.map(|number| read(&id(number))), "{path}");
}

#[test]
fn templates_take_whole_segments() {
    let mut org = org();
    for (number, path) in
        [(1, "/"), (2, "/orders"), (3, "/orders/"), (4, "/orders/{id}"), (5, "/files/{*rest}")]
    {
        org.define(number, None, &["GET"], path);
    }
    for (path, expected) in [
        ("/", Some(1)),
        ("/orders", Some(2)),
        ("/orders/", Some(3)),
        ("/orders/7", Some(4)),
        ("/orders/7/", None),
        ("/orders/7/lines", None),
        ("/Orders", None),
        ("/files", None),
        ("/files/", None),
        ("/files/a", Some(5)),
        ("/files/a/b/", Some(5)),
        ("/orders/%C3%A4", Some(4)),
        ("/orders?x=1", Some(2)),
        ("/orders/../orders//7", Some(4)),
    ] {
        check(&org, path, expected);
    }
}

#[test]
fn literals_go_before_places_and_places_before_the_rest() {
    let mut org = org();
    for (number, path) in
        [(1, "/a/{*rest}"), (2, "/a/{x}"), (3, "/a/b"), (4, "/a/{x}/c"), (5, "/a/b/d"), (6, "/{x}/b/{y}")]
    {
        org.define(number, None, &["GET"], path);
    }
    for (path, expected) in [
        ("/a/b", Some(3)),
        ("/a/z", Some(2)),
        ("/a/b/c", Some(4)),
        ("/a/b/d", Some(5)),
        ("/a/b/e", Some(1)),
        ("/a/z/y/x", Some(1)),
        ("/z/b/y", Some(6)),
        ("/z/c/y", None),
    ] {
        check(&org, path, expected);
    }
}

#[test]
fn an_escaped_spelling_of_a_literal_is_the_literal() {
    let mut org = org();
    org.define(1, None, &["GET"], "/orders:export");
    org.define(2, None, &["GET"], "/{anything}");
    for (path, expected) in [
        ("/orders:export", Some(1)),
        ("/orders%3Aexport", Some(1)),
        ("/orders%3aexport", Some(1)),
        ("/%6Frders%3aex%70ort", Some(1)),
        ("/orders%253Aexport", Some(2)),
        ("/orders%22", Some(2)),
    ] {
        check(&org, path, expected);
    }
}

#[test]
fn an_exact_host_goes_before_any_host() {
    let mut org = org();
    org.define(1, None, &["GET", "POST"], "/{x}");
    org.define(2, Some("api.example.com"), &["GET"], "/{x}");
    org.define(3, None, &["GET"], "/both");
    for (host, method, path, expected) in [
        (None, "GET", "/a", 1),
        (Some("other.example.com"), "GET", "/a", 1),
        (Some("api.example.com"), "GET", "/a", 2),
        (Some("API.Example.com:8443"), "GET", "/a", 2),
        (Some("api.example.com."), "GET", "/a", 2),
        (Some("api.example.com"), "POST", "/a", 1),
        (Some("api.example.com"), "GET", "/both", 2),
        (Some("[::1]:80"), "GET", "/both", 3),
        (Some(&"a".repeat(300)), "GET", "/a", 1),
    ] {
        assert_eq!(org.found(host, method, path), Some(read(&id(expected))), "{host:?} {method} {path}");
    }
}

#[test]
fn an_exact_host_goes_before_a_wildcard_and_that_before_any_host() {
    let mut org = org();
    org.define(1, None, &["GET"], "/{x}");
    org.define(2, Some("*.example.com"), &["GET"], "/{x}");
    org.define(3, Some("api.example.com"), &["GET"], "/only-here");
    org.define(4, None, &["GET"], "/elsewhere/too");
    for (host, path, expected) in [
        ("api.example.com", "/only-here", 3),
        // What the exact host does not take goes to the wildcard.
        ("api.example.com", "/a", 2),
        ("b.example.com", "/a", 2),
        ("B.EXAMPLE.com.", "/a", 2),
        // A star is one label, and there must be one.
        ("a.b.example.com", "/a", 1),
        ("example.com", "/a", 1),
        (".example.com", "/a", 1),
        ("b.example.com", "/elsewhere/too", 4),
    ] {
        assert_eq!(org.found(Some(host), "GET", path), Some(read(&id(expected))), "{host} {path}");
    }
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let text = include_str!("../../../../../docs/architecture/gateway-envoy.md");
    let block = |name: &str| {
        let after = text.split_once(&format!("<!-- precedence: {name} -->\n```\n")).unwrap().1;
        after.split_once("```").unwrap().0
    };
    let mut org = org();
    let mut names = vec![];
    for line in block("routes").lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        names.push(words[0]);
        let host = Some(words[2]).filter(|host| *host != "any");
        org.define(u32::try_from(names.len()).unwrap(), host, &[words[1]], words.last().unwrap());
    }
    let calls: Vec<_> = block("calls").lines().collect();
    assert_eq!((names.len(), calls.len()), (9, 14));
    for line in calls {
        let words: Vec<_> = line.split_whitespace().collect();
        let [method, host, path, expected] = words[..] else { panic!("{line}") };
        let number = names.iter().position(|name| *name == expected).map(|at| u32::try_from(at).unwrap() + 1);
        assert_eq!(number.is_none(), expected == "-", "{line}");
        let found = org.found(Some(host), method, path);
        assert_eq!(found, number.map(|number| read(&id(number))), "{line}");
    }
}

#[test]
fn a_route_of_several_hosts_is_one_route() {
    let mut org = org();
    org.route(&id(1), |spec| {
        spec.hosts = read_all(&["a.example.com", "b.example.com", "*.example.org"]);
        (spec.path, spec.required_scopes) = (read("/x"), [].into());
    });
    for (host, expected) in [
        (Some("a.example.com"), Some(1)),
        (Some("b.example.com"), Some(1)),
        (Some("c.example.org"), Some(1)),
        (Some("c.example.com"), None),
        (None, None),
    ] {
        assert_eq!(org.found(host, "GET", "/x"), expected.map(|number| read(&id(number))), "{host:?}");
    }
    org.retire(1);
    assert_eq!(org.found(Some("b.example.com"), "GET", "/x"), None);
}

#[test]
fn of_two_that_select_the_same_calls_the_one_defined_first_takes_them() {
    let mut org = org();
    org.define(2, None, &["GET"], "/orders/{id}");
    org.define(1, None, &["GET"], "/orders/{order}");
    check(&org, "/orders/1", Some(2));
    org.retire(2);
    check(&org, "/orders/1", Some(1));
    org.retire(1);
    check(&org, "/orders/1", None);
}

#[test]
fn a_revised_route_keeps_its_place_and_leaves_its_old_path() {
    let mut org = org();
    org.define(1, None, &["GET"], "/old");
    org.define(2, None, &["GET"], "/new");
    let spec = route::RouteSpec {
        name: read("Orders"),
        hosts: [].into(),
        methods: read_all(&["GET"]),
        path: read("/new"),
        required_scopes: [].into(),
        cost: 1,
        cost_from_header: None,
    };
    let event = RouteEvent::Revised(route::Revised { spec });
    org.tell(DomainEvent::Route { id: read(&id(1)), event });
    check(&org, "/old", None);
    check(&org, "/new", Some(1));
}

#[test]
fn a_batch_of_many_routes_gives_what_one_after_the_other_gives() {
    let (mut one_by_one, mut at_once) = (org(), org());
    for number in 1..300 {
        one_by_one.define(number, None, &["GET"], &format!("/r{}/{{id}}", number / 2));
        if number % 5 == 0 {
            one_by_one.retire(number - 2);
        }
    }
    let mut events = vec![];
    for number in 1..300 {
        let mut spec = route::RouteSpec {
            name: read("Orders"),
            hosts: [].into(),
            methods: read_all(&["GET"]),
            path: read("/"),
            required_scopes: [].into(),
            cost: 1,
            cost_from_header: None,
        };
        spec.path = read(&format!("/r{}/{{id}}", number / 2));
        let mut tell = |number: u32, event| {
            let position = at_once.position + 1 + u64::try_from(events.len()).unwrap();
            events.push(recorded(position, at_once.now, DomainEvent::Route { id: read(&id(number)), event }));
        };
        tell(number, RouteEvent::Defined(route::Defined { spec }));
        if number % 5 == 0 {
            tell(number - 2, RouteEvent::Retired(route::Retired { reason: None }));
        }
    }
    at_once.gateway.apply(&events, at_once.now);
    at_once.position += u64::try_from(events.len()).unwrap();
    assert_eq!(at_once.gateway.position().get(), one_by_one.gateway.position().get());
    at_once.pass(0);
    for number in 0..151 {
        let path = format!("/r{number}/7");
        assert_eq!(one_by_one.found(None, "GET", &path), at_once.found(None, "GET", &path), "{path}");
    }
}
