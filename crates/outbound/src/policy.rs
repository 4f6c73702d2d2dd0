//! What may be called, and why not.

use std::net::IpAddr;

use url::{Host, Url};

use crate::{address::Reach, pattern::Pattern};

/// What may be called. As it stands by default: HTTPS, and addresses of the public network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What is opened although its address is not public: a receiver of the operator's own. A name opens whatever it resolves to,
    /// except the metadata services of clouds, which are opened by their very address alone. It closes nothing that is public.
    pub allow: Vec<Pattern>,
    /// What is closed, whatever is allowed.
    pub deny: Vec<Pattern>,
    /// Whether plain HTTP will do.
    pub allow_http: bool,
}

/// Why a URL is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the URL is none that can be called: {what}")]
    Url { what: &'static str },
    #[error("the scheme `{scheme}` is not allowed")]
    Scheme { scheme: String },
    #[error("the operator has denied `{host}`")]
    Denied { host: String },
    /// Its text does not tell the address: whoever asks might be looking for addresses of ours.
    #[error("`{host}` is at an address that is not public but {reach}")]
    AddressNotPublic { host: String, address: IpAddr, reach: Reach },
    #[error("the name `{host}` has no address")]
    NameNotResolved { host: String },
}

impl Refused {
    /// What clients and the records of attempts know it by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "outbound_url_invalid",
            Self::Scheme { .. } => "outbound_scheme_not_allowed",
            Self::Denied { .. } => "outbound_denied",
            Self::AddressNotPublic { .. } => "outbound_address_not_public",
            Self::NameNotResolved { .. } => "outbound_name_not_resolved",
        }
    }
}

impl Policy {
    /// Reads a URL and checks it as far as that can be done without asking for the name's addresses.
    ///
    /// # Errors
    /// [`Refused`], and nothing of it is repeated if it is no URL at all.
    pub fn read(&self, text: &str) -> Result<Url, Refused> {
        let url = text.parse::<Url>().map_err(|_| Refused::Url { what: "it cannot be read" })?;
        self.check(&url)?;
        Ok(url)
    }

    /// Checks what a URL says: its form, its scheme, the name or the address in it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let refuse = |what| Err(Refused::Url { what });
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            other => return Err(Refused::Scheme { scheme: other.chars().take(32).collect() }),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it has a user in it");
        }
        if url.fragment().is_some() {
            return refuse("it has a fragment");
        }
        let port = match url.port_or_known_default() {
            None | Some(0) => return refuse("it has no port that can be called"),
            Some(port) => port,
        };
        match url.host() {
            None => refuse("it has no host"),
            Some(Host::Domain(name)) => self.check_name(name, port),
            Some(Host::Ipv4(address)) => self.check_addresses(&address.to_string(), port, &[address.into()]),
            Some(Host::Ipv6(address)) => self.check_addresses(&address.to_string(), port, &[address.into()]),
        }
    }

    fn check_name(&self, host: &str, port: u16) -> Result<(), Refused> {
        let name = normal(host);
        if self.deny.iter().any(|pattern| pattern.names(&name, port)) {
            return Err(Refused::Denied { host: host.to_owned() });
        }
        Ok(())
    }

    /// Checks every address that a host has: one that is not to be called refuses the host.
    pub(crate) fn check_addresses(&self, host: &str, port: u16, addresses: &[IpAddr]) -> Result<(), Refused> {
        self.check_name(host, port)?;
        let name = normal(host);
        let opened_by_name = self.allow.iter().any(|pattern| pattern.names(&name, port));
        for address in addresses {
            if self.deny.iter().any(|pattern| pattern.has(*address, port)) {
                return Err(Refused::Denied { host: host.to_owned() });
            }
            let reach = Reach::of(*address);
            let opened = |pattern: &Pattern| {
                pattern.has(*address, port) && (reach != Reach::Metadata || pattern.is_single())
            };
            let open = reach == Reach::Public
                || (opened_by_name && reach != Reach::Metadata)
                || self.allow.iter().any(opened);
            if !open {
                return Err(Refused::AddressNotPublic { host: host.to_owned(), address: *address, reach });
            }
        }
        if addresses.is_empty() {
            return Err(Refused::NameNotResolved { host: host.to_owned() });
        }
        Ok(())
    }
}

/// As patterns write names.
fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
