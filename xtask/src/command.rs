//! Running other programs: shown before they run, judged by their exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// The workspace's root: every command runs from there, wherever `cargo xtask` was called.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask lies in the workspace's root")?.to_owned())
}

/// The cargo that runs us, so that a toolchain chosen with `cargo +name` stays chosen.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command from the root with our own output, after showing its line.
///
/// # Errors
/// When it cannot be started or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("xtask: {}", line(command));
    let status =
        command.current_dir(root()?).status().with_context(|| format!("starting `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a command quietly and answers what it printed; what it complained about goes into the error.
///
/// # Errors
/// When it cannot be started or ends with anything but success.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("starting `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}: {}", line(command), String::from_utf8_lossy(&stderr).trim());
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Whether this machine lets us install system packages: root, with apt-get.
pub(crate) fn may_install_packages() -> bool {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    root && output(Command::new("apt-get").arg("--version")).is_ok()
}

/// Installs Debian packages, after fetching the lists when the first try does not know them. What apt-get says goes to
/// stderr: `cargo xtask tools` prints on stdout what a shell evaluates.
///
/// # Errors
/// When apt-get refuses even with fresh lists.
pub(crate) fn install_packages(names: &[&str]) -> Result<()> {
    let install = || {
        run(Command::new("apt-get")
            .stdout(std::io::stderr())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(names))
    };
    install().or_else(|_unknown_package| {
        run(Command::new("apt-get").stdout(std::io::stderr()).args(["update", "-qq"]))?;
        install()
    })
}

/// The program's file name and its arguments, as one would type them.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}
