//! What a decision costs in instructions, held to what is written down. Seconds would say more of the machine than of the change.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{cargo, install_packages, may_install_packages, output, root, run};

const PACKAGE: &str = "tollgate-bench-decisions";
const PROGRAM: &str = "decision_cost";
/// Where the counts are written down, from the root.
const KNOWN: &str = "bench/decisions/instructions.toml";
/// Of two runs: the second makes so many calls more than the first.
const FEW: u32 = 2_000;
const MANY: u32 = 22_000;
/// How much dearer, or cheaper, a decision may be than it is written down.
const PERCENT: u64 = 15;

/// Counts the instructions of each kind of decision.
///
/// # Errors
/// When one is dearer than is written down by more than 15 percent, or cheaper by more and not written down.
pub(crate) fn check() -> Result<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        eprintln!("xtask: the counts are those of x86_64 on Linux; nothing is checked here");
        return Ok(());
    }
    set_up_valgrind()?;
    run(cargo().args(["build", "--release", "-p", PACKAGE, "--bin", PROGRAM]))?;
    let known = std::fs::read_to_string(root()?.join(KNOWN)).context(KNOWN)?;
    let mut wrong = vec![];
    for line in known.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (kind, known) = line.split_once(" = ").with_context(|| format!("{KNOWN}: `{line}`"))?;
        let known: u64 = known.parse().with_context(|| format!("{KNOWN}: `{line}`"))?;
        let counted = count(kind)?;
        println!("{kind}: {counted} instructions a decision, {known} written down");
        wrong.extend(verdict(kind, known, counted));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

fn verdict(kind: &str, known: u64, counted: u64) -> Option<String> {
    let percent = counted.saturating_mul(100) / known.max(1);
    if percent > 100 + PERCENT {
        Some(format!("`{kind}` takes {percent} % of the instructions that {KNOWN} has"))
    } else if percent < 100 - PERCENT {
        Some(format!("`{kind}` takes {percent} % of the instructions that {KNOWN} has: write {counted} down"))
    } else {
        None
    }
}

pub(crate) fn set_up_valgrind() -> Result<()> {
    if output(Command::new("valgrind").arg("--version")).is_ok() {
        return Ok(());
    }
    if !may_install_packages() {
        bail!("valgrind is missing; install it");
    }
    install_packages(&["valgrind"])
}

fn count(kind: &str) -> Result<u64> {
    let (few, many) = (instructions(kind, FEW)?, instructions(kind, MANY)?);
    Ok(many.saturating_sub(few) / u64::from(MANY - FEW))
}

fn instructions(kind: &str, calls: u32) -> Result<u64> {
    let program = root()?.join("target").join("release").join(PROGRAM);
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    let ended =
        valgrind.arg(program).arg(kind).arg(calls.to_string()).output().context("starting valgrind")?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "valgrind ended with {}: {said}", ended.status);
    told(&said).with_context(|| format!("valgrind told no instructions: {said}"))
}

/// `==7== I   refs:      1,234`
fn told(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("I ") && line.contains("refs:"))?;
    let (_, number) = line.rsplit_once(' ')?;
    number.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_valgrind_tells_is_read() {
        assert_eq!(told("==7== \n==7== I   refs:      1,234,567\n==7== "), Some(1_234_567));
        assert_eq!(told("==7== I refs:        9"), Some(9));
        assert_eq!(told("nothing"), None);
    }

    #[test]
    fn a_decision_may_be_a_little_dearer_or_cheaper_and_no_more() {
        for (counted, fails) in [(84, true), (85, false), (100, false), (115, false), (116, true)] {
            assert_eq!(verdict("allowed", 100, counted).is_some(), fails, "{counted}");
        }
    }
}
