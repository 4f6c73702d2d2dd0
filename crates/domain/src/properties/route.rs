//! Routes: always with a method and a price, retired for good, and revised as asked or not at all.

use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow, name, reason, sized};
use crate::{
    given::the,
    route::{
        CostFromHeader, DefineRoute, Host, Method, PathTemplate, RetireRoute, ReviseRoute, Route,
        RouteCommand, RouteSpec,
    },
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_breaks_a_route(commands in vec(command(), 1..COMMANDS_MAX)) {
        follow::<Route>(&commands, &[], |step| {
            assert_possible(step.after);
            assert_lawful(step);
        });
    }

    #[test]
    fn no_text_breaks_a_path_template(text in "[/a{}*.%:é]{0,24}") {
        if let Ok(template) = text.parse::<PathTemplate>() {
            assert_eq!(template.to_string(), text, "one spelling");
            let shape: PathTemplate = template.shape().parse().expect("a shape is a template");
            assert_eq!(shape.shape(), template.shape());
        }
    }
}

fn assert_possible(route: &Route) {
    let spec = match route {
        Route::Absent => return,
        Route::Active(spec) | Route::Retired(spec) => spec,
    };
    assert!((1..=16).contains(&spec.methods.len()));
    assert!(spec.required_scopes.len() <= 20);
    assert!((1..=1_000).contains(&spec.cost));
    assert!(spec.hosts.len() <= 20);
    if let Some(CostFromHeader { name: _, max }) = &spec.cost_from_header {
        assert!((spec.cost..=1_000).contains(max));
    }
}

fn assert_lawful(step: &Step<'_, Route>) {
    let Step { before, command, answer, after } = step;
    if answer.is_err() {
        return;
    }
    match (before, command) {
        (Route::Absent, RouteCommand::Define(ask)) => assert_eq!(**after, Route::Active(ask.spec.clone())),
        (Route::Active(had), RouteCommand::Revise(ask)) => {
            assert_eq!(**after, Route::Active(revised(had, ask)));
        }
        (Route::Active(had) | Route::Retired(had), RouteCommand::Retire(_)) => {
            assert_eq!(**after, Route::Retired(had.clone()));
        }
        (before, command) => panic!("{command:?} was allowed in {before:?}"),
    }
}

fn revised(had: &RouteSpec, ask: &ReviseRoute) -> RouteSpec {
    let ReviseRoute { name, hosts, methods, path, required_scopes, cost, cost_from_header } = ask;
    let had = had.clone();
    RouteSpec {
        name: name.clone().unwrap_or(had.name),
        hosts: hosts.clone().unwrap_or(had.hosts),
        methods: methods.clone().unwrap_or(had.methods),
        path: path.clone().unwrap_or(had.path),
        required_scopes: required_scopes.clone().unwrap_or(had.required_scopes),
        cost: cost.unwrap_or(had.cost),
        cost_from_header: cost_from_header.clone().unwrap_or(had.cost_from_header),
    }
}

fn command() -> impl Strategy<Value = RouteCommand> {
    prop_oneof![
        3 => spec().prop_map(|spec| RouteCommand::Define(DefineRoute { spec })),
        8 => revise().prop_map(RouteCommand::Revise),
        1 => option::of(reason()).prop_map(|reason| RouteCommand::Retire(RetireRoute { reason })),
    ]
}

fn spec() -> impl Strategy<Value = RouteSpec> {
    (name(), hosts(), methods(), path(), scopes(), cost(), header()).prop_map(
        |(name, hosts, methods, path, scopes, cost, cost_from_header)| RouteSpec {
            name,
            hosts: hosts.into_iter().collect(),
            methods: methods.into_iter().collect(),
            path,
            required_scopes: scopes.iter().map(|text| the(text)).collect(),
            cost,
            cost_from_header,
        },
    )
}

fn revise() -> impl Strategy<Value = ReviseRoute> {
    let (name, hosts, path) = (option::of(name()), option::of(hosts()), option::of(path()));
    let (scopes, cost, header) = (option::of(scopes()), option::of(cost()), option::of(header()));
    (name, hosts, option::of(methods()), path, scopes, cost, header).prop_map(
        |(name, hosts, methods, path, scopes, cost, cost_from_header)| ReviseRoute {
            name,
            hosts: hosts.map(|hosts| hosts.into_iter().collect()),
            methods: methods.map(|methods| methods.into_iter().collect()),
            path,
            required_scopes: scopes.map(|texts| texts.iter().map(|text| the(text)).collect()),
            cost,
            cost_from_header,
        },
    )
}

fn hosts() -> impl Strategy<Value = Vec<Host>> {
    sized(3, 20, |number| the(&format!("h{number}.example.com")))
}

fn header() -> impl Strategy<Value = Option<CostFromHeader>> {
    option::of(cost().prop_map(|max| CostFromHeader { name: the("x-call-cost"), max }))
}

fn methods() -> impl Strategy<Value = Vec<Method>> {
    sized(3, 16, |number| the(&format!("GE{}", char::from(b'A' + u8::try_from(number).unwrap()))))
}

fn path() -> impl Strategy<Value = PathTemplate> {
    sample::select(vec!["/", "/orders/{id}", "/files/{*rest}"]).prop_map(the)
}

fn scopes() -> impl Strategy<Value = Vec<String>> {
    sized(3, 20, |number| format!("s{number}"))
}

fn cost() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 1..=3_u32, 1 => sample::select(vec![0, 1_000, 1_001, u32::MAX])]
}
