//! `tollgate notification-rule …`: what is told to whom.
#![expect(clippy::doc_markdown, reason = "shown on a terminal")]
#![expect(
    clippy::indexing_slicing,
    reason = "JSON's own: what is not there is null, and is made where it is written"
)]

use anyhow::bail;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Connection,
    access::{One, remove},
    key::{given, post},
    rest::Rest,
};

const RULES: [&str; 7] =
    ["id", "status", "name", "notices", "about.client_id", "about.team", "about.environment"];

const PREVIEWED: [&str; 5] = ["at", "data.notice", "title", "addresses", "webhooks"];

#[derive(Debug, Subcommand)]
pub(crate) enum NotificationRuleCommand {
    /// Have something told to somebody
    Create(Box<Create>),
    /// See what such a rule would have told over the last 30 days; nothing is made, and nobody is told
    Preview(Box<Create>),
    /// List the rules in force
    List {
        /// in_force or ended
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show a rule
    #[command(visible_alias = "show")]
    Get(One),
    /// Change a rule; what is not given stays
    Update(Box<Update>),
    /// End a rule
    End {
        id: String,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

/// A rule to be.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[arg(long)]
    name: String,
    #[command(flatten)]
    told: Told,
    #[command(flatten)]
    connection: Connection,
}

/// Another rule of the same id.
#[derive(Args, Debug)]
pub(crate) struct Update {
    id: String,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    told: Told,
    #[command(flatten)]
    connection: Connection,
}

/// What is told, about what, to whom.
#[derive(Args, Debug)]
pub(crate) struct Told {
    /// key_expiring, quota_threshold, …; repeatable
    #[arg(long = "notice")]
    notices: Vec<String>,
    /// In percent of a quota; repeatable; the policy's without it, or 50, 80, 90 and 100
    #[arg(long = "threshold")]
    thresholds: Vec<u8>,
    /// Before a key expires; repeatable; 60, 30, 14, 7, 3 and 1 without it
    #[arg(long = "days-before")]
    days_before: Vec<u16>,
    /// About one client
    #[arg(long)]
    client_id: Option<String>,
    /// About what this team owns
    #[arg(long)]
    team: Option<String>,
    /// About what lies there
    #[arg(long)]
    environment: Option<String>,
    /// The contacts of the client that it is about; of one role where one is given; repeatable
    #[arg(long, num_args = 0..=1, default_missing_value = "", value_name = "ROLE")]
    contacts: Vec<String>,
    /// Whoever owns the client
    #[arg(long)]
    owner: bool,
    /// Whom the event itself names: those who may approve, every administrator in an emergency
    #[arg(long)]
    named: bool,
    /// An e-mail address; repeatable
    #[arg(long = "address")]
    addresses: Vec<String>,
    /// A webhook's id; repeatable
    #[arg(long = "webhook")]
    webhooks: Vec<String>,
    /// At this hour of the day, together with all else; at once without it
    #[arg(long, value_name = "HOUR")]
    digest_at: Option<u8>,
    /// Of that hour
    #[arg(long, default_value = "UTC", requires = "digest_at")]
    time_zone: String,
    /// Of a team that is elsewhere: that hour of its own day; repeatable
    #[arg(long = "team-zone", value_name = "TEAM=ZONE", requires = "digest_at", value_parser = team_zone)]
    team_zones: Vec<(String, String)>,
    /// With the notice usage_report: week or month, each time that one has ended
    #[arg(long, value_name = "EVERY")]
    report: Option<String>,
    /// Whose weeks and months
    #[arg(long, default_value = "UTC", requires = "report")]
    report_zone: String,
    /// csv, with the rows attached, or summary
    #[arg(long, default_value = "csv", requires = "report")]
    report_form: String,
}

fn team_zone(text: &str) -> Result<(String, String), &'static str> {
    // A zone has no `=` in its name.
    let (team, zone) = text.rsplit_once('=').ok_or("a team and its zone: `Orders=Asia/Tokyo`")?;
    Ok((team.to_owned(), zone.to_owned()))
}

pub(crate) async fn run(command: NotificationRuleCommand) -> anyhow::Result<()> {
    match command {
        NotificationRuleCommand::Create(create) => {
            let (connection, body) = create.body();
            post(&connection, "/notification-rules", body).await
        }
        NotificationRuleCommand::Preview(create) => {
            let (connection, body) = create.body();
            let rest = Rest::new(&connection)?;
            let mut answer = rest.post("/notification-rules/preview", &Value::Object(body)).await?;
            // Printed as a list is.
            if let Some(notices) = answer.body.as_object_mut().and_then(|body| body.remove("notices")) {
                answer.body["items"] = notices;
            }
            rest.print(&answer, &PREVIEWED)
        }
        NotificationRuleCommand::List { status, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("status", status), ("cursor", cursor)];
            rest.print(&rest.get("/notification-rules", &query).await?, &RULES)
        }
        NotificationRuleCommand::Get(one) => one.show("notification-rules").await,
        NotificationRuleCommand::Update(update) => {
            let Update { id, name, told, connection } = *update;
            let mut patch = given([("name", name)]);
            patch.extend(told.members());
            if patch.is_empty() {
                bail!("nothing to change");
            }
            let (rest, path) = (Rest::new(&connection)?, format!("/notification-rules/{id}"));
            let answer = rest.change(Method::PATCH, &path, &path, Some(&Value::Object(patch))).await?;
            rest.print(&answer, &[])
        }
        NotificationRuleCommand::End { id, reason, connection } => {
            remove(&connection, &format!("/notification-rules/{id}"), reason.as_deref()).await
        }
    }
}

impl Create {
    fn body(self) -> (Connection, Map<String, Value>) {
        let Self { name, told, connection } = self;
        let mut body = given([("name", Some(name))]);
        body.extend(told.members());
        (connection, body)
    }
}

impl Told {
    /// What was given of it.
    fn members(self) -> Map<String, Value> {
        let recipients = self.recipients();
        let Self { notices, thresholds, days_before, client_id, team, environment, .. } = self;
        let (digest_at, time_zone, team_zones) = (self.digest_at, self.time_zone, self.team_zones);
        let (report, report_zone, report_form) = (self.report, self.report_zone, self.report_form);
        let about = given([("client_id", client_id), ("team", team), ("environment", environment)]);
        let mut members = Map::new();
        let mut add = |name: &str, value: Value, given: bool| {
            if given {
                members.insert(name.to_owned(), value);
            }
        };
        add("notices", json!(notices), !notices.is_empty());
        add("thresholds", json!(thresholds), !thresholds.is_empty());
        add("days_before", json!(days_before), !days_before.is_empty());
        add("about", json!(about), !about.is_empty());
        add("recipients", json!(recipients), !recipients.is_empty());
        if let Some(hour) = digest_at {
            let mut cadence = json!({ "kind": "digest", "hour": hour, "time_zone": time_zone });
            if !team_zones.is_empty() {
                let zones: Map<_, _> =
                    team_zones.into_iter().map(|(team, zone)| (team, zone.into())).collect();
                cadence["team_zones"] = Value::Object(zones);
            }
            add("cadence", cadence, true);
        }
        if let Some(every) = report {
            let report = json!({ "every": every, "time_zone": report_zone, "form": report_form });
            add("report", report, true);
        }
        members
    }

    fn recipients(&self) -> Vec<Value> {
        let Self { contacts, owner, named, addresses, webhooks, .. } = self;
        let contacts = contacts.iter().map(|role| match role.as_str() {
            "" => json!({ "kind": "contacts" }),
            role => json!({ "kind": "contacts", "role": role }),
        });
        let owner = owner.then(|| json!({ "kind": "owner" }));
        let named = named.then(|| json!({ "kind": "named" }));
        let addresses = addresses.iter().map(|address| json!({ "kind": "address", "address": address }));
        let webhooks = webhooks.iter().map(|id| json!({ "kind": "webhook", "webhook_id": id }));
        contacts.chain(owner).chain(named).chain(addresses).chain(webhooks).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        told: Told,
    }

    fn members(flags: &str) -> Value {
        let line = Line::try_parse_from(std::iter::once("x").chain(flags.split_whitespace())).unwrap();
        Value::Object(line.told.members())
    }

    #[test]
    fn what_is_given_is_said_and_nothing_else() {
        assert_eq!(members(""), json!({}));
        let flags = "--notice key_expiring --notice key_leaked --contacts technical --owner --address desk@example.com";
        let recipients = json!([
            { "kind": "contacts", "role": "technical" },
            { "kind": "owner" },
            { "kind": "address", "address": "desk@example.com" },
        ]);
        let expected = json!({ "notices": ["key_expiring", "key_leaked"], "recipients": recipients });
        assert_eq!(members(flags), expected);
        let flags = "--team Orders --contacts --webhook whk_1 --digest-at 7 --time-zone Europe/Berlin";
        let expected = json!({
            "about": { "team": "Orders" },
            "recipients": [{ "kind": "contacts" }, { "kind": "webhook", "webhook_id": "whk_1" }],
            "cadence": { "kind": "digest", "hour": 7, "time_zone": "Europe/Berlin" },
        });
        assert_eq!(members(flags), expected);
        let flags = "--digest-at 7 --team-zone Orders=Asia/Tokyo --team-zone A=B=Europe/Paris";
        let zones = json!({ "Orders": "Asia/Tokyo", "A=B": "Europe/Paris" });
        let cadence = json!({ "kind": "digest", "hour": 7, "time_zone": "UTC", "team_zones": zones });
        assert_eq!(members(flags), json!({ "cadence": cadence }));
    }
}
