//! Settings of sign-in: by which provider people come, whose tokens machines show, what their claims give.
#![expect(clippy::doc_markdown, reason = "shown on a terminal")]

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use domain::access::{GrantScope, Role};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sign_in::{Algorithm, Origin};

use super::mask;

/// Flags of sign-in; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SignInFlags {
    /// Where browsers reach this API, such as `https://tollgate.example.com` [default: the address of `--http`]
    #[arg(long, env = "TOLLGATE_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The identity provider that people sign in by, as it names itself: opens `GET /v1/session/start`
    #[arg(long, env = "TOLLGATE_OIDC_ISSUER", value_name = "URL")]
    pub(crate) oidc_issuer: Option<String>,
    /// How Tollgate is registered there
    #[arg(long, env = "TOLLGATE_OIDC_CLIENT_ID", value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// The secret that belongs to it; none for a public client
    #[arg(long, env = "TOLLGATE_OIDC_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub(crate) oidc_client_secret: Option<SecretString>,
    /// The same from a file, whose last newline is no part of it
    #[arg(long, env = "TOLLGATE_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,
    /// How the provider's tokens are signed: RS256, PS256, ES256 or EdDSA; several with commas [default: RS256]
    #[arg(long, env = "TOLLGATE_OIDC_ALGORITHMS", value_delimiter = ',', value_name = "ALGORITHM")]
    pub(crate) oidc_algorithms: Vec<Algorithm>,
    /// What is asked for beside `openid`, such as `groups`; several with commas
    #[arg(long, env = "TOLLGATE_OIDC_SCOPES", value_delimiter = ',', value_name = "SCOPE")]
    pub(crate) oidc_scopes: Vec<String>,
    /// What a claim gives, such as `groups=2f0c1a=viewer`; several with commas
    #[arg(long, env = "TOLLGATE_OIDC_ROLES", value_delimiter = ',', value_name = "CLAIM=VALUE=ROLE")]
    pub(crate) oidc_roles: Vec<RoleRule>,
    /// Certificate authorities of identity providers beside the usual ones, in PEM
    #[arg(long, env = "TOLLGATE_OIDC_CA", value_name = "FILE")]
    pub(crate) oidc_ca: Option<PathBuf>,
    /// Let people in who are not known here, with the roles that their claims give; otherwise they are refused
    #[arg(long, env = "TOLLGATE_OIDC_ADMIT_UNKNOWN", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) oidc_admit_unknown: Option<bool>,
    /// A session without a request ends after so many minutes, 1 to 1440 [default: 30]
    #[arg(long, env = "TOLLGATE_SESSION_IDLE_MINUTES", value_name = "MINUTES")]
    pub(crate) session_idle_minutes: Option<u32>,
    /// And whatever happens after so many hours, 1 to 168 [default: 12]
    #[arg(long, env = "TOLLGATE_SESSION_HOURS", value_name = "HOURS")]
    pub(crate) session_hours: Option<u32>,
    /// How often an address, or a principal, may fail to prove itself at once: 1 to 1000000 [default: 20]
    #[arg(long, env = "TOLLGATE_AUTHENTICATION_FAILURES", value_name = "NUMBER")]
    pub(crate) authentication_failures: Option<u32>,
    /// And after how many seconds once more: 1 to 3600 [default: 10]
    #[arg(long, env = "TOLLGATE_AUTHENTICATION_FAILURES_REFILL_SECONDS", value_name = "SECONDS")]
    pub(crate) authentication_failures_refill_seconds: Option<u32>,
}

/// The same in the settings file: `[sign_in]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SignInFile {
    public_url: Option<String>,
    issuer: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
    algorithms: Vec<Algorithm>,
    scopes: Vec<String>,
    roles: Vec<RoleRule>,
    ca: Option<PathBuf>,
    admit_unknown: Option<bool>,
    idle_minutes: Option<u32>,
    hours: Option<u32>,
    failures: Option<u32>,
    failures_refill_seconds: Option<u32>,
    machines: Vec<Machine>,
}

/// What a claim gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRule {
    /// A claim, or a path into one: `groups`, `realm_access.roles`.
    pub(crate) claim: String,
    /// The whole value, or one of several.
    pub(crate) value: String,
    pub(crate) role: Role,
    /// Within what: `{ kind = "all" }`, or `{ kind = "limited", team = "Orders", environments = ["sandbox"] }`.
    pub(crate) scope: GrantScope,
}

impl std::str::FromStr for RoleRule {
    type Err = anyhow::Error;
    /// A role over everything. A value may have an equals sign in it; neither a claim nor a role has.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let parts = text.split_once('=').and_then(|(claim, rest)| Some((claim, rest.rsplit_once('=')?)));
        let (claim, (value, role)) = parts.context("a rule must be written CLAIM=VALUE=ROLE")?;
        let role = role.parse::<Role>().ok();
        let role = role.with_context(|| format!("the rule `{text}` names no role that there is"))?;
        Ok(Self { claim: claim.to_owned(), value: value.to_owned(), role, scope: GrantScope::All })
    }
}

/// An issuer whose tokens machines show.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) issuer: String,
    /// What their tokens name as `aud`: us, and nobody else.
    pub(crate) audience: String,
    #[serde(default = "usual_algorithms")]
    pub(crate) algorithms: Vec<Algorithm>,
    #[serde(default)]
    pub(crate) roles: Vec<RoleRule>,
}

fn usual_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::Rs256]
}

/// The provider that people sign in by.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct People {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) scopes: Vec<String>,
    pub(crate) admit_unknown: bool,
    pub(crate) roles: Vec<RoleRule>,
}

/// Sign-in as it is set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SignIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    pub(crate) idle_minutes: u32,
    pub(crate) hours: u32,
    pub(crate) failures: u32,
    pub(crate) failures_refill_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<People>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) machines: Vec<Machine>,
}

pub(super) fn load(flags: SignInFlags, file: SignInFile) -> anyhow::Result<SignIn> {
    let or = |given: Vec<_>, otherwise: Vec<_>| if given.is_empty() { otherwise } else { given };
    let file_secret = flags.oidc_client_secret_file.or(file.client_secret_file);
    let secret = flags.oidc_client_secret.or(file.client_secret);
    let algorithms = or(flags.oidc_algorithms, file.algorithms);
    let scopes = if flags.oidc_scopes.is_empty() { file.scopes } else { flags.oidc_scopes };
    let roles = if flags.oidc_roles.is_empty() { file.roles } else { flags.oidc_roles };
    let people = match flags.oidc_issuer.or(file.issuer) {
        None => None,
        Some(issuer) => Some(People {
            issuer,
            client_id: flags.oidc_client_id.or(file.client_id).context(
                "people sign in by a provider that knows us by a name: give --oidc-client-id, too",
            )?,
            client_secret: read_secret(secret, file_secret)?,
            algorithms: if algorithms.is_empty() { usual_algorithms() } else { algorithms },
            scopes: std::iter::once("openid".to_owned())
                .chain(scopes.into_iter().filter(|scope| scope != "openid"))
                .collect(),
            admit_unknown: flags.oidc_admit_unknown.or(file.admit_unknown).unwrap_or(false),
            roles,
        }),
    };
    let settings = SignIn {
        public_url: flags.public_url.or(file.public_url),
        idle_minutes: flags.session_idle_minutes.or(file.idle_minutes).unwrap_or(30),
        hours: flags.session_hours.or(file.hours).unwrap_or(12),
        failures: flags.authentication_failures.or(file.failures).unwrap_or(20),
        failures_refill_seconds: flags
            .authentication_failures_refill_seconds
            .or(file.failures_refill_seconds)
            .unwrap_or(10),
        ca: flags.oidc_ca.or(file.ca),
        people,
        machines: file.machines,
    };
    check(&settings)?;
    Ok(settings)
}

fn read_secret(given: Option<SecretString>, file: Option<PathBuf>) -> anyhow::Result<Option<SecretString>> {
    let secret = match (given, file) {
        (Some(_), Some(_)) => {
            bail!("the client's secret comes from a variable or from a file: give one of the two")
        }
        (Some(given), None) => Some(given),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read the client's secret in {}", file.display()))?;
            Some(SecretString::from(text.trim_end_matches(['\r', '\n'])))
        }
        (None, None) => None,
    };
    if let Some(secret) = &secret {
        ensure!(!secret.expose_secret().is_empty(), "the client's secret is empty");
    }
    Ok(secret)
}

fn check(settings: &SignIn) -> anyhow::Result<()> {
    let SignIn {
        public_url, idle_minutes, hours, failures, failures_refill_seconds, people, machines, ..
    } = settings;
    if let Some(url) = public_url {
        check_public_url(url)?;
    }
    ensure!((1..=1_440).contains(idle_minutes), "session_idle_minutes = {idle_minutes} must be 1 to 1440");
    ensure!((1..=168).contains(hours), "session_hours = {hours} must be 1 to 168");
    ensure!((1..=1_000_000).contains(failures), "authentication_failures = {failures} must be 1 to 1000000");
    ensure!(
        (1..=3_600).contains(failures_refill_seconds),
        "authentication_failures_refill_seconds = {failures_refill_seconds} must be 1 to 3600"
    );
    let of_people = people.iter().flat_map(|people| &people.roles);
    for rule in of_people.chain(machines.iter().flat_map(|machine| &machine.roles)) {
        ensure!(
            !rule.scope.is_nothing(),
            "the rule for `{}` reaches nothing: name a team or environments",
            rule.value
        );
        ensure!(
            ![Role::BreakGlass, Role::Gateway].contains(&rule.role),
            "the role `{}` is not given by a claim",
            rule.role.as_str()
        );
    }
    for Machine { issuer, audience, .. } in machines {
        ensure!(
            !audience.is_empty(),
            "name the audience of the tokens of {issuer}: an empty one is nobody's"
        );
        if let Some(people) = people.as_ref().filter(|people| people.issuer == *issuer) {
            // Otherwise an identity token, which every application of the provider is given, would open the API.
            ensure!(
                people.client_id != *audience,
                "the audience of machines at {issuer} must not be the client that people sign in by"
            );
        }
    }
    Ok(())
}

/// Scheme, host and port: cookies and the origin of writes hang on it.
fn check_public_url(url: &str) -> anyhow::Result<()> {
    let origin = Origin::of(url).filter(|origin| url.trim_end_matches('/') == origin.as_str());
    let origin =
        origin.context("public_url must be written like https://tollgate.example.com, without a path")?;
    let host = origin.as_str().split_once("://").map(|(_, host)| host).unwrap_or_default();
    let loopback = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.strip_prefix(here).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    ensure!(
        origin.is_https() || loopback,
        "public_url must be of HTTPS: a session's cookie would be read on the way; HTTP is for loopback alone"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        issuer = "https://login.example.com/realms/ops"
        client_id = "tollgate"
        client_secret = "a-secret-of-the-client"
        roles = [{ claim = "groups", value = "g-1", role = "viewer", scope = { kind = "all" } }]
        [[machines]]
        issuer = "https://login.example.com/realms/ops"
        audience = "tollgate-api"
        roles = [{ claim = "sub", value = "ci", role = "operator", scope = { kind = "limited", team = "Orders" } }]
    "#;

    fn flags() -> SignInFlags {
        SignInFlags::default()
    }

    #[test]
    fn nobody_signs_in_unless_a_provider_is_set() {
        let closed = load(flags(), SignInFile::default()).unwrap();
        assert!(closed.people.is_none() && closed.machines.is_empty());
        assert_eq!((closed.idle_minutes, closed.hours), (30, 12));
    }

    #[test]
    fn a_provider_is_read_and_its_secret_is_masked() {
        let settings = load(flags(), toml::from_str(FILE).unwrap()).unwrap();
        let people = settings.people.as_ref().unwrap();
        assert_eq!(
            (people.algorithms.as_slice(), people.scopes.as_slice()),
            (&[Algorithm::Rs256][..], &["openid".to_owned()][..])
        );
        assert!(!people.admit_unknown);
        let shown = toml::to_string(&settings).unwrap() + &format!("{settings:?}");
        assert!(!shown.contains("a-secret-of-the-client") && shown.contains("********"), "{shown}");
    }

    #[test]
    fn a_rule_is_a_claim_a_value_and_a_role() {
        let rule = |text: &str| text.parse::<RoleRule>();
        let read = rule("groups=CN=ops,DC=example=viewer").unwrap();
        assert_eq!((&*read.claim, &*read.value, read.role), ("groups", "CN=ops,DC=example", Role::Viewer));
        for wrong in ["", "groups", "groups=g-1", "groups=g-1=owner", "groups=g-1="] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_may_lie_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let issuer = Some("https://login.example.com".to_owned());
        let with = SignInFlags {
            oidc_issuer: issuer,
            oidc_client_id: Some("tollgate".to_owned()),
            oidc_client_secret_file: Some(path),
            ..flags()
        };
        let people = load(with.clone(), SignInFile::default()).unwrap().people.unwrap();
        assert_eq!(people.client_secret.unwrap().expose_secret(), "from-a-file");
        let both = SignInFlags { oidc_client_secret: Some("other".into()), ..with };
        assert!(load(both, SignInFile::default()).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let url = |url: &str| SignInFlags { public_url: Some(url.to_owned()), ..flags() };
        for fit in [
            "https://tollgate.example.com",
            "https://a.example:8443/",
            "http://localhost:8080",
            "http://127.0.0.1",
        ] {
            assert!(load(url(fit), SignInFile::default()).is_ok(), "{fit}");
        }
        for bad in [
            url("http://tollgate.example.com"),
            url("http://localhost.example.com"),
            url("https://tollgate.example.com/console"),
            url("tollgate.example.com"),
            SignInFlags { oidc_issuer: Some("https://login.example.com".to_owned()), ..flags() },
            SignInFlags { session_idle_minutes: Some(0), ..flags() },
            SignInFlags { session_hours: Some(169), ..flags() },
            SignInFlags { authentication_failures: Some(0), ..flags() },
            SignInFlags { authentication_failures_refill_seconds: Some(0), ..flags() },
        ] {
            assert!(load(bad.clone(), SignInFile::default()).is_err(), "{bad:?}");
        }
        let confused = FILE.replace("\"tollgate-api\"", "\"tollgate\"");
        assert!(load(flags(), toml::from_str(&confused).unwrap()).is_err());
        assert!(toml::from_str::<SignInFile>("client = \"x\"").is_err());
    }
}
