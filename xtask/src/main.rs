//! The project's chores, as `cargo xtask check | test | memcheck | schemas | bench`: one entrance for people and for CI.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks to its terminal")]

mod browser;
mod command;
mod faketime;
mod instructions;
mod memory;
mod npm;
mod python;
mod tools;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::{cargo, run};
use crate::tools::Tools;

const USAGE: &str = "usage: cargo xtask COMMAND

commands:
  check              rustfmt and clippy over the whole workspace, warnings being errors
  test [ARGS…]       sets up the tools that the tests need, builds `tollgate` and the filter inside Envoy, runs every test;
                     ARGS go to `cargo test`, which tests the whole workspace unless they name a package
  tools              sets up the tools alone and prints their variables: eval \"$(cargo xtask tools)\"
  memcheck           runs the stories of the filter inside Envoy under valgrind, and fails where it finds fault with the filter
  schemas            writes the contracts under schemas/ anew from the code
  bench [ARGS…]      runs the benchmark of decisions; ARGS go to `cargo bench -p tollgate-bench-decisions`; the others are programs
  bench --check      counts the instructions of a decision and fails where one has become 15 percent dearer";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let started = Instant::now();
    let outcome = match name.as_str() {
        "check" => check(rest),
        "test" => test(rest),
        "tools" => tools(rest),
        "memcheck" => memcheck(rest),
        "schemas" => schemas(rest),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        unknown => {
            eprintln!("xtask: there is no command `{unknown}`\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    // The last line says how it ended, so that nobody has to scroll up to learn it.
    match outcome {
        Ok(()) => {
            eprintln!("xtask {name}: passed in {:.0?}", started.elapsed());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("xtask {name}: FAILED after {:.0?}: {failure:#}", started.elapsed());
            ExitCode::FAILURE
        }
    }
}

fn check(rest: &[String]) -> Result<()> {
    takes_nothing("check", rest)?;
    run(cargo().args(["fmt", "--all", "--", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn test(rest: &[String]) -> Result<()> {
    let tools = Tools::set_up()?;
    // The system tests start the real binary, and Envoy with the filter, and look for both beside their own executable: the
    // same profile. Built with the tests of the same packages, they share their dependencies; alone they would have them
    // compiled again.
    let everything = selection_of(rest);
    let built = match everything {
        Some(_) => vec!["build", "--lib", "--bins", "--tests"],
        None => vec!["build", "-p", "tollgate", "-p", "tollgate-envoy-filter"],
    };
    run(cargo().args(built).args(everything.unwrap_or_default()).args(profile_of(rest)))?;
    let variables = tools.variables();
    run(cargo().arg("test").args(everything.unwrap_or_default()).args(rest).envs(variables))?;
    match everything {
        Some(_) => run(cargo().args(["test", "-p", APART]).args(rest)),
        None => Ok(()),
    }
}

fn tools(rest: &[String]) -> Result<()> {
    takes_nothing("tools", rest)?;
    for (name, path) in Tools::set_up()?.variables() {
        println!("export {name}='{}'", path.display());
    }
    Ok(())
}

fn memcheck(rest: &[String]) -> Result<()> {
    takes_nothing("memcheck", rest)?;
    memory::check(&EVERYTHING)
}

fn schemas(rest: &[String]) -> Result<()> {
    takes_nothing("schemas", rest)?;
    run(cargo().args(["run", "-p", "tollgate", "--", "schemas", "write", "schemas/"]))
}

fn bench(rest: &[String]) -> Result<()> {
    if rest == ["--check"] {
        return instructions::check();
    }
    run(cargo().args(["bench", "-p", "tollgate-bench-decisions"]).args(rest))
}

fn takes_nothing(name: &str, rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => bail!("`{name}` takes no arguments, got `{extra}`"),
    }
}

/// `--release` given to the tests holds for the binary that they start, too.
fn profile_of(test_arguments: &[String]) -> Option<&'static str> {
    of_cargo(test_arguments)
        .any(|argument| argument == "--release" || argument == "-r")
        .then_some("--release")
}

/// Tested by itself: Cedar has `serde_json` keep the order of fields, and built together everybody would, so that the
/// tests would not be of what is shipped.
const APART: &str = "tollgate-cedar-tests";
const EVERYTHING: [&str; 3] = ["--workspace", "--exclude", APART];

/// Every package, unless the arguments choose.
fn selection_of(test_arguments: &[String]) -> Option<&'static [&'static str]> {
    let chosen = |argument: &str| argument.starts_with("-p") || argument.starts_with("--package");
    (!of_cargo(test_arguments).any(chosen)).then_some(&EVERYTHING)
}

/// The arguments before `--`; those behind it are the test runner's.
fn of_cargo(test_arguments: &[String]) -> impl Iterator<Item = &str> {
    test_arguments.iter().map(String::as_str).take_while(|argument| *argument != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_binary_is_built_in_the_profile_of_the_tests() {
        assert_eq!(profile_of(&words("--release -p tollgate-tests")), Some("--release"));
        assert_eq!(profile_of(&words("-p tollgate-tests")), None);
    }

    #[test]
    fn what_the_test_runner_is_told_is_not_for_cargo() {
        assert_eq!(profile_of(&words("-p tollgate-tests -- --release")), None);
        assert!(selection_of(&words("-- -p")).is_some());
    }

    #[test]
    fn everything_is_tested_unless_a_package_is_named() {
        assert!(selection_of(&words("--no-fail-fast")).is_some_and(|all| all.contains(&"--workspace")));
        assert_eq!(selection_of(&words("-p tollgate-tests")), None);
        assert_eq!(selection_of(&words("--package=tollgate-tests")), None);
    }
}
