//! Who may know whom. The rooms are told apart by what they may not reach.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};
use tollgate_tests::repository_file;

/// The crates of ours that each may name, in `[dependencies]`.
const MAY_KNOW: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("outbound", &[]),
    ("eventlog", &["domain"]),
    ("projections", &["domain", "eventlog"]),
    ("sign-in", &["domain", "outbound"]),
    ("outbox", &["domain", "eventlog"]),
    ("api", &["domain", "eventlog", "projections", "outbound", "outbox", "sign-in"]),
    ("notifier", &["domain", "eventlog", "projections", "outbound", "outbox"]),
    ("gateway", &["domain"]),
    ("gateway-bus", &["domain", "gateway"]),
    ("gateway-doors", &["domain", "gateway"]),
    ("gateway-node", &["domain", "eventlog", "gateway", "gateway-bus"]),
    ("envoy-filter", &["domain", "eventlog", "gateway", "gateway-bus", "gateway-doors", "gateway-node"]),
    (
        "tollgate",
        &[
            "domain",
            "eventlog",
            "projections",
            "outbound",
            "outbox",
            "sign-in",
            "api",
            "notifier",
            "gateway",
            "gateway-bus",
            "gateway-doors",
            "gateway-node",
        ],
    ),
];

/// What the core of the gateway and the rules must stay free of.
const WITHOUT: [(&str, &[&str]); 2] = [
    ("domain", &["axum", "tonic", "tokio", "sqlx", "rusqlite", "cqrs-es", "http", "reqwest", "rand"]),
    ("gateway", &["axum", "tonic", "sqlx", "rusqlite", "cqrs-es", "http", "reqwest", "async-nats"]),
];

/// The names in a crate's `[dependencies]`, not those of its tests.
fn dependencies(name: &str) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(repository_file(&format!("crates/{name}/Cargo.toml"))?)?;
    let (_, section) = text.split_once("\n[dependencies]\n").context("a manifest has dependencies")?;
    let section = section.split_once("\n[").map_or(section, |(section, _)| section);
    let names = section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    Ok(names.collect())
}

#[test]
fn no_crate_knows_what_it_should_not() -> Result<()> {
    let ours: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in MAY_KNOW {
        for dependency in dependencies(name)?.iter().filter(|dependency| ours.contains(dependency.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not know {dependency}");
        }
    }
    Ok(())
}

#[test]
fn the_rules_and_the_gateway_core_have_no_transport_and_no_database() -> Result<()> {
    for (name, without) in WITHOUT {
        let dependencies = dependencies(name)?;
        assert!(dependencies.contains("serde"), "{name}: the manifest is read as it is written");
        for banned in without {
            assert!(!dependencies.contains(*banned), "{name} must not depend on {banned}");
        }
    }
    Ok(())
}

#[test]
fn every_crate_is_in_the_table() -> Result<()> {
    for entry in fs::read_dir(repository_file("crates")?)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        assert!(MAY_KNOW.iter().any(|(known, _)| *known == name), "say whom {name} may know");
    }
    Ok(())
}

#[test]
fn every_trap_has_the_tests_that_its_table_names() -> Result<()> {
    let table = fs::read_to_string(repository_file("docs/traps.md")?)?;
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with("| ")).map(cells);
    let (mut traps, mut tests) = (BTreeSet::new(), 0);
    for row in rows.filter(|row| row.get(1).is_some_and(|number| number.parse::<u32>().is_ok())) {
        let [_, number, _, test, file, _] = row.as_slice() else { anyhow::bail!("a row of five: {row:?}") };
        let (test, file) = (test.trim_matches('`'), file.trim_matches('`'));
        let source = fs::read_to_string(repository_file(file)?)?;
        assert!(source.contains(&format!("fn {test}(")), "{file} has no test {test}");
        traps.insert(number.parse::<u32>()?);
        tests += 1;
    }
    assert_eq!(traps, BTreeSet::from([1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 18, 20, 21]));
    assert!(tests >= traps.len());
    Ok(())
}
