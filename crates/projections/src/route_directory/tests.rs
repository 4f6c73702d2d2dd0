//! Given, when, then.

use domain::route::{RetireRoute, ReviseRoute, RouteCommand};

use super::*;
use crate::testing::{History, at, define_route, folded, route, route_spec};

#[test]
fn a_route_is_defined_revised_and_retired() {
    let history = History::default().route(1, &define_route());
    let defined = RouteRow {
        route_id: route(1),
        status: RouteStatus::Active,
        spec: route_spec(Some("api.example.com"), &["GET"], "/orders/{id}"),
        version: 1,
        position: Position::new(1),
        defined_at: at(1),
        updated_at: at(1),
    };
    assert_eq!(folded::<RouteDirectory>(&history, route(1)), Some(defined.clone()));

    let revise = ReviseRoute { hosts: Some([].into()), ..ReviseRoute::default() };
    let history = history.route(1, &RouteCommand::Revise(revise));
    let spec = RouteSpec { hosts: [].into(), ..defined.spec.clone() };
    let revised = RouteRow { spec, version: 2, position: Position::new(2), updated_at: at(2), ..defined };
    assert_eq!(folded::<RouteDirectory>(&history, route(1)), Some(revised.clone()));

    let history = history.route(1, &RouteCommand::Retire(RetireRoute { reason: None }));
    let (version, position, updated_at) = (3, Position::new(3), at(3));
    let retired = RouteRow { status: RouteStatus::Retired, version, position, updated_at, ..revised };
    assert_eq!(folded::<RouteDirectory>(&history, route(1)), Some(retired));
}

#[test]
fn any_host_is_written_as_the_empty_one_and_places_are_numbered() {
    let history = History::default().route(1, &define_route());
    let mut row = folded::<RouteDirectory>(&history, route(1)).unwrap();
    row.spec.hosts.clear();
    let Row(values) = row.row();
    assert_eq!((&values[4], &values[5]), (&"".into(), &"/orders/{p2}".into()));
    row.spec.hosts = ["b.example.com", "*.example.com"].map(|host| host.parse().unwrap()).into();
    assert_eq!(row.row().0[4], "*.example.com b.example.com".into());
}
