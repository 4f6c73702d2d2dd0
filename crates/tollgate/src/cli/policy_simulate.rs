//! `tollgate policy simulate`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Map, Value};

use super::{Connection, key::given, limits, rest::Rest};

/// What is printed as a table; all else is in the JSON.
const PAIRS: [&str; 9] = [
    "client_id",
    "route_id",
    "calls",
    "refused_then",
    "refused_at_least",
    "refused_at_most",
    "refused_estimate",
    "first_breach_at",
    "limit",
];

#[derive(Debug, Args)]
pub(crate) struct SimulateFlags {
    /// The request as JSON; what flags say goes before it
    file: Option<PathBuf>,
    /// NAME:REQUESTS/SECONDS[:BURST]; repeatable
    #[arg(long = "rate")]
    rates: Vec<String>,
    /// NAME:REQUESTS/PERIOD[@ZONE]; repeatable
    #[arg(long = "quota")]
    quotas: Vec<String>,
    /// `client`, `key` or `shared`
    #[arg(long)]
    counting: Option<String>,
    /// A policy that is there: as it is, or with what is said of its limits, for those that it binds now
    #[arg(long)]
    policy_id: Option<String>,
    /// Whom it would bind; without client, route and environment, everyone
    #[arg(long, conflicts_with = "policy_id")]
    client_id: Option<String>,
    #[arg(long, conflicts_with = "policy_id")]
    route_id: Option<String>,
    #[arg(long, conflicts_with = "policy_id")]
    environment: Option<String>,
    /// RFC 3339; a day before `until` without it
    #[arg(long)]
    from: Option<String>,
    /// RFC 3339; now without it
    #[arg(long)]
    until: Option<String>,
    /// How many pairs of client and route
    #[arg(long)]
    limit: Option<u32>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(flags: SimulateFlags) -> anyhow::Result<()> {
    let (connection, body) = flags.body()?;
    let rest = Rest::new(&connection)?;
    let answer = rest.post("/policies/simulate", &Value::Object(body)).await?;
    rest.print(&answer, &PAIRS)
}

impl SimulateFlags {
    fn body(self) -> anyhow::Result<(Connection, Map<String, Value>)> {
        let Self { file, rates, quotas, counting, policy_id, client_id, route_id, environment, .. } = self;
        let mut body = match file {
            Some(file) => {
                let text =
                    std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
                match serde_json::from_str(&text) {
                    Ok(Value::Object(body)) => body,
                    Ok(_) => bail!("{} is not a JSON object", file.display()),
                    Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
                }
            }
            None => Map::new(),
        };
        let mut policy = given([("counting", counting)]);
        if !rates.is_empty() {
            let rates = rates.iter().map(|text| limits::rate(text)).collect::<anyhow::Result<Vec<_>>>()?;
            policy.insert("rates".to_owned(), rates.into());
        }
        if !quotas.is_empty() {
            let quotas = quotas.iter().map(|text| limits::quota(text)).collect::<anyhow::Result<Vec<_>>>()?;
            policy.insert("quotas".to_owned(), quotas.into());
        }
        let target = given([("client_id", client_id), ("route_id", route_id), ("environment", environment)]);
        for (name, said) in [("policy", policy), ("target", target)] {
            let had = body.get_mut(name).and_then(Value::as_object_mut);
            match had {
                Some(had) => had.extend(said),
                None if said.is_empty() => {}
                None => drop(body.insert(name.to_owned(), said.into())),
            }
        }
        body.extend(given([("policy_id", policy_id), ("from", self.from), ("until", self.until)]));
        if let Some(limit) = self.limit {
            body.insert("limit".to_owned(), limit.into());
        }
        Ok((self.connection, body))
    }
}
