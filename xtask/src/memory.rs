//! The filter inside Envoy under valgrind's check of memory: the stories of the whole system that run through it, with Envoy
//! started by valgrind. What Envoy does by itself is not judged: it has findings of its own, all of values not set.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::command::{cargo, root, run};
use crate::instructions::set_up_valgrind;
use crate::tools::{ENVOY_VARIABLE, Tools};

/// Through the filter go all of these.
const STORIES: &str = "inside_envoy::";
/// Envoy is some thirty times as slow, and this one holds it to a time.
const TOO_SLOW: &str = "a_quota_is_shared_by_the_filter_and_a_gateway_and_never_exceeded";
/// How a finding begins. Source: valgrind's manual, 4.2.
const KINDS: [&str; 8] = [
    "Invalid",
    "Conditional jump",
    "Use of uninit",
    "Syscall param",
    "Mismatched",
    "Source and dest",
    "Argument",
    "Jump to",
];
/// In a frame of ours.
const OURS: [&str; 2] = ["libtollgate_envoy", ".rs:"];

/// # Errors
/// When valgrind finds fault with the filter, or a story does not hold.
pub(crate) fn check(workspace: &[&str]) -> Result<()> {
    let tools = Tools::set_up()?;
    set_up_valgrind()?;
    let directory = root()?.join("target").join("memcheck");
    let envoy = tools.variables().into_iter().find(|(name, _)| *name == ENVOY_VARIABLE);
    let (_, envoy) = envoy.context("no Envoy was set up")?;
    let wrapper = wrap(envoy, &directory)?;
    run(cargo().args(["build", "--lib", "--bins", "--tests"]).args(workspace))?;
    let stories = ["--test", "it", "--", STORIES, "--skip", TOO_SLOW, "--test-threads", "2"];
    let held = run(cargo()
        .arg("test")
        .args(workspace)
        .args(stories)
        .envs(tools.variables())
        .env(ENVOY_VARIABLE, wrapper));
    let (logs, found) = read(&directory)?;
    // Also where a story did not hold: this is why, then.
    ensure!(found.is_empty(), "valgrind finds fault with the filter:\n\n{}", found.join("\n\n"));
    held?;
    ensure!(logs > 0, "no Envoy was started by valgrind");
    println!("{logs} Envoys under valgrind: nothing in the filter");
    Ok(())
}

/// A program that starts Envoy under valgrind, and an empty directory for what valgrind says.
fn wrap(envoy: &Path, directory: &Path) -> Result<PathBuf> {
    if directory.exists() {
        fs::remove_dir_all(directory).context("removing what valgrind said before")?;
    }
    fs::create_dir_all(directory).context("making a place for what valgrind says")?;
    let wrapper = directory.join("envoy");
    let (envoy, log) = (envoy.display(), directory.join("%p.log"));
    let log = log.display();
    let text = format!(
        "#!/bin/sh\nexec valgrind --tool=memcheck --error-limit=no --num-callers=30 --log-file='{log}' '{envoy}' \"$@\"\n"
    );
    fs::write(&wrapper, text).context("writing Envoy's wrapper")?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).context("making it a program")?;
    Ok(wrapper)
}

/// How many logs there are, and the findings in them that are about us.
fn read(directory: &Path) -> Result<(usize, Vec<String>)> {
    let (mut logs, mut found) = (0_usize, vec![]);
    for entry in fs::read_dir(directory).context("looking for what valgrind said")? {
        let path = entry?.path();
        if path.extension() == Some(&OsString::from("log")) {
            logs = logs.saturating_add(1);
            let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            found.extend(findings(&String::from_utf8_lossy(&text)));
        }
    }
    Ok((logs, found))
}

/// Those with a frame of ours.
fn findings(log: &str) -> Vec<String> {
    let lines = log.lines().map(|line| line.splitn(3, "==").nth(2).unwrap_or(line).trim());
    let lines: Vec<_> = lines.collect();
    let blocks = lines.split(|line| line.is_empty());
    let is_finding = |block: &&[&str]| {
        // Before the first of another thread valgrind names that.
        let first = block.iter().find(|line| !line.starts_with("Thread "));
        first.is_some_and(|first| KINDS.iter().any(|kind| first.starts_with(kind)))
            && block.iter().any(|line| OURS.iter().any(|ours| line.contains(ours)))
    };
    blocks.filter(is_finding).map(|block| block.join("\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
==7== Memcheck, a memory error detector
==7== Command: /tools/envoy -c /tmp/libtollgate_envoy.yaml
==7== \n\
==7== Conditional jump or move depends on uninitialised value(s)
==7==    at 0x4F3382C: ??? (in /tools/envoy)
==7== \n\
==7== Invalid read of size 1
==7==    at 0xA88A944: core::ptr::read_volatile (in /target/debug/libtollgate_envoy.so)
==7==    by 0x7AB7249: (below main) (libc_start_call_main.h:58)
==7== \n\
==7== Thread 5 wrk:worker_0:
==7== Use of uninitialised value of size 8
==7==    at 0x9C40105: tollgate_envoy::ffi::hooks::on_request (hooks.rs:54)
==7== \n";

    #[test]
    fn findings_are_told_that_have_a_frame_of_ours() {
        let found = findings(LOG);
        let first: Vec<_> = found.iter().filter_map(|finding| finding.lines().next()).collect();
        assert_eq!(first, ["Invalid read of size 1", "Thread 5 wrk:worker_0:"]);
    }
}
