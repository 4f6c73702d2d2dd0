//! Schemathesis, which knows `/openapi.json` and nothing else, finds the running service to be what the document says.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use test_servers::tool;
use tollgate_tests::{Exit, Launch, Process, Product, TOKEN, repository_file};

const SCHEMATHESIS: &str = "TOLLGATE_TEST_SCHEMATHESIS";
const ENDS_AT_MOST: Duration = Duration::from_secs(600);
/// Another seed tries other requests: `TOLLGATE_TEST_SEED=7 cargo xtask test -p tollgate-tests conformance`.
const SEED: &str = "4";
/// Requests drawn for each operation in each phase, beside those that the document's bounds suggest.
const EXAMPLES: &str = "5";

#[tokio::test]
async fn every_operation_answers_as_documented() -> Result<()> {
    let product = launch()?.start().await?;
    // What has no end is not read to it.
    let others = ["--exclude-path", "/v1/verify", "--exclude-path", "/v1/changes"];
    check(&product, &product.url(""), &others).await
}

#[tokio::test]
async fn the_verify_door_answers_as_documented() -> Result<()> {
    let product = launch()?.start().await?;
    let door = format!("http://127.0.0.1:{}", product.gateway_port());
    // Who reaches the door may ask; the token that the document names is for the same path on the admin address.
    let open = "ignored_auth,missing_required_header";
    let phases = "examples,coverage,fuzzing";
    let which = ["--include-path", "/v1/verify", "--phases", phases, "--exclude-checks", open];
    check(&product, &door, &which).await
}

/// What people copy from the document is of the form that it names.
#[tokio::test]
async fn every_example_is_of_its_schema() -> Result<()> {
    let product = launch()?.start().await?;
    let (program, packages) = schemathesis()?;
    let directory = tempfile::tempdir().context("making a directory")?;
    let document = directory.path().join("openapi.json");
    std::fs::write(&document, product.get("/openapi.json").await?.body)?;
    // The interpreter that the packages were installed for.
    let script = std::fs::read_to_string(&program)?;
    let interpreter = script.lines().next().and_then(|line| line.strip_prefix("#!")).context("a script")?;
    let mut command = Command::new(interpreter.trim());
    command
        .env("PYTHONPATH", packages)
        .args(["-c", "import sys, runpy; sys.stdin = open(sys.argv[2]); runpy.run_path(sys.argv[1])"])
        .arg(repository_file("tests/conformance/examples.py")?)
        .arg(&document);
    let mut process = Process::start("examples", &mut command, directory.path())?;
    let status = process.ended(ENDS_AT_MOST).await?;
    assert!(status.success(), "{}{}", process.stdout()?, process.stderr()?);
    Ok(())
}

/// Tokens that are none are tried over and over: nobody is to be deaf to that.
fn launch() -> Result<Launch> {
    Ok(Launch::new(TOKEN)?.arg("--authentication-failures").arg("1000000"))
}

async fn check(product: &Product, url: &str, which: &[&str]) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "who looks for a failure again gives its seed")]
    let seed = std::env::var("TOLLGATE_TEST_SEED").unwrap_or_else(|_| SEED.to_owned());
    let exit = run(product, url, &seed, which).await?;
    assert!(exit.status.success(), "with seed {seed}, {}\n{}\n{}", exit.status, exit.stdout, exit.stderr);
    Ok(())
}

async fn run(product: &Product, url: &str, seed: &str, which: &[&str]) -> Result<Exit> {
    let (program, packages) = schemathesis()?;
    let settings = repository_file("tests/conformance")?;
    let directory = tempfile::tempdir().context("making a directory")?;
    // Its hooks are found beside the settings, what it writes goes into the directory.
    let mut command = Command::new(&program);
    command
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&directory)
        .args(["--no-color", "--config-file"])
        .arg(settings_with_hooks(&settings, directory.path())?)
        .args(["run", &product.url("/openapi.json"), "--url", url])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--seed", seed, "--max-examples", EXAMPLES, "--generation-database", "none"])
        .args(["--continue-on-failure", "--warnings", "off", "--request-timeout", "20"])
        .args(which);
    let mut process = Process::start("schemathesis", &mut command, directory.path())?;
    let status = process.ended(ENDS_AT_MOST).await?;
    Ok(Exit { status, stdout: process.stdout()?, stderr: process.stderr()? })
}

/// The program, and where the packages lie that it is made of.
fn schemathesis() -> Result<(PathBuf, PathBuf)> {
    let program = tool(SCHEMATHESIS)?;
    let packages = program.ancestors().nth(2).context("a package lies in a directory")?.to_owned();
    Ok((program, packages))
}

/// Copies both, for the settings name the hooks relative to the working directory.
fn settings_with_hooks(settings: &Path, directory: &Path) -> Result<PathBuf> {
    for name in ["schemathesis.toml", "checks.py"] {
        std::fs::copy(settings.join(name), directory.join(name))
            .with_context(|| format!("copying {name}"))?;
    }
    Ok(directory.join("schemathesis.toml"))
}
