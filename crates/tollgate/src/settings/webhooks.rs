//! Settings of what is called out to: receivers of webhooks, and identity providers.

use clap::Args;
use outbound::{Pattern, Policy};
use serde::{Deserialize, Serialize};

/// Flags of what is called; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WebhookFlags {
    /// What may be called although its address is not public, such as `10.2.0.0/16`, `hooks.internal:8443` or `*.corp.example`; several with commas. Identity providers, too
    #[arg(long, env = "TOLLGATE_WEBHOOKS_ALLOW", value_name = "HOSTS", value_delimiter = ',')]
    pub(crate) webhooks_allow: Vec<Pattern>,
    /// What is never called, whatever is allowed; several with commas
    #[arg(long, env = "TOLLGATE_WEBHOOKS_DENY", value_name = "HOSTS", value_delimiter = ',')]
    pub(crate) webhooks_deny: Vec<Pattern>,
    /// Call plain HTTP, too: whoever is on the way reads and changes what is said
    #[arg(long, env = "TOLLGATE_WEBHOOKS_ALLOW_HTTP", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) webhooks_allow_http: Option<bool>,
}

/// The same in the settings file: `[webhooks]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebhookFile {
    allow: Vec<Pattern>,
    deny: Vec<Pattern>,
    allow_http: Option<bool>,
}

/// What may be called, as it is set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Webhooks {
    pub(crate) allow: Vec<Pattern>,
    pub(crate) deny: Vec<Pattern>,
    pub(crate) allow_http: bool,
}

pub(super) fn load(flags: WebhookFlags, file: WebhookFile) -> Webhooks {
    let or = |given: Vec<Pattern>, otherwise| if given.is_empty() { otherwise } else { given };
    Webhooks {
        allow: or(flags.webhooks_allow, file.allow),
        deny: or(flags.webhooks_deny, file.deny),
        allow_http: flags.webhooks_allow_http.or(file.allow_http).unwrap_or(false),
    }
}

impl Webhooks {
    /// One policy for all that is called out to.
    pub(crate) fn policy(&self) -> Policy {
        let Self { allow, deny, allow_http } = self.clone();
        Policy { allow, deny, allow_http }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_over_tls_are_called_unless_more_is_opened() {
        let usual = load(WebhookFlags::default(), WebhookFile::default());
        assert_eq!(usual.policy(), Policy::default());
        let file = || {
            let text = "allow = [\"10.0.0.0/8\", \"*.corp.example:8443\"]\ndeny = [\"10.9.0.0/16\"]\nallow_http = true";
            toml::from_str::<WebhookFile>(text).unwrap()
        };
        let opened = load(WebhookFlags::default(), file()).policy();
        assert_eq!((opened.allow.len(), opened.deny.len(), opened.allow_http), (2, 1, true));
        let flags = WebhookFlags {
            webhooks_allow: vec!["192.0.2.7".parse().unwrap()],
            webhooks_allow_http: Some(false),
            ..WebhookFlags::default()
        };
        let settings = load(flags, file());
        let policy = settings.policy();
        assert_eq!(policy.allow, ["192.0.2.7".parse::<Pattern>().unwrap()]);
        assert_eq!((policy.deny.len(), policy.allow_http), (1, false));
        let shown = toml::to_string(&settings).unwrap();
        assert!(shown.contains("allow = [\"192.0.2.7\"]"), "{shown}");
    }

    #[test]
    fn what_names_no_hosts_is_refused() {
        for text in ["allow = [\"*\"]", "deny = [\"https://hooks.example\"]", "allowed = []"] {
            assert!(toml::from_str::<WebhookFile>(text).is_err(), "{text}");
        }
    }
}
