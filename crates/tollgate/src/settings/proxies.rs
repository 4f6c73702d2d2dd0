//! Settings of the proxies before the admin API.

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Flags of the proxies; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ProxyFlags {
    /// A proxy of yours before the admin API, as an address range such as `10.0.0.0/8`: its word counts of where requests come from; repeatable
    #[arg(long, env = "TOLLGATE_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// The header that these proxies write; the other one is what the caller sent, and is not read [default: x-forwarded-for]
    #[arg(long, env = "TOLLGATE_TRUSTED_PROXY_HEADER")]
    pub(crate) trusted_proxy_header: Option<ProxyHeader>,
}

/// The same in the settings file: `[proxies]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProxyFile {
    trusted: Vec<IpNet>,
    header: Option<ProxyHeader>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProxyHeader {
    XForwardedFor,
    Forwarded,
}

/// The proxies as they are set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
}

pub(super) fn load(flags: ProxyFlags, file: ProxyFile) -> Proxies {
    let trusted = if flags.trusted_proxy.is_empty() { file.trusted } else { flags.trusted_proxy };
    let header = flags.trusted_proxy_header.or(file.header).unwrap_or(ProxyHeader::XForwardedFor);
    Proxies { trusted, header }
}

impl Proxies {
    pub(crate) fn api(&self) -> api::Proxies {
        let forwarded_by = match self.header {
            ProxyHeader::XForwardedFor => api::ForwardedBy::XForwardedFor,
            ProxyHeader::Forwarded => api::ForwardedBy::Forwarded,
        };
        api::Proxies { trusted: self.trusted.clone(), forwarded_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_nobody_is_trusted_by_default() {
        let nobody = load(ProxyFlags::default(), ProxyFile::default()).api();
        assert_eq!(nobody, api::Proxies::default());
        let file = || toml::from_str("trusted = [\"10.0.0.0/8\"]\nheader = \"forwarded\"").unwrap();
        let set = load(ProxyFlags::default(), file()).api();
        assert_eq!(set.trusted, ["10.0.0.0/8".parse::<IpNet>().unwrap()]);
        assert_eq!(set.forwarded_by, api::ForwardedBy::Forwarded);
        let flags =
            ProxyFlags { trusted_proxy: vec!["192.0.2.1/32".parse().unwrap()], ..ProxyFlags::default() };
        assert_eq!(load(flags, file()).api().trusted, ["192.0.2.1/32".parse::<IpNet>().unwrap()]);
        assert!(toml::from_str::<ProxyFile>("trusted = [\"10.0.0.1.1\"]").is_err());
    }
}
