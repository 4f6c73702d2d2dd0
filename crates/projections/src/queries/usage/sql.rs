//! The statement of a part of a report.

use std::collections::BTreeSet;

use super::{UsageDimension, UsageFilter, UsagePlace, UsageQuery, Windows, detail, parts};
use crate::{
    Value,
    queries::{Select, select::RECORDED},
};

/// The team that owns a row's client.
const TEAM_OF: &str =
    "coalesce((select own.owner_team from client_directory own where own.client_id = counted.client_id), '')";

impl UsageQuery {
    /// The tables that say enough.
    pub(super) fn grains(&self) -> detail::Grains {
        let asked = |dimension| self.group_by.contains(&dimension);
        let UsageFilter { owner_team, client_id, key_id, secret_version, route_id, environment: _ } =
            &self.filter;
        let by_team = owner_team.is_some() || self.reach.goes_by_team();
        detail::About {
            clients: client_id.is_some()
                || by_team
                || asked(UsageDimension::OwnerTeam)
                || asked(UsageDimension::Client),
            keys: key_id.is_some()
                || secret_version.is_some()
                || asked(UsageDimension::Key)
                || asked(UsageDimension::SecretVersion),
            routes: route_id.is_some() || asked(UsageDimension::Route),
        }
        .calls()
    }

    pub(super) fn select(&self, windows: &Windows, part: &parts::Part, rows_max: u32) -> Select {
        let asked = || COLUMNS.iter().zip(2..).filter(|(column, _)| self.group_by.contains(&column.of));
        let places: String = asked().map(|(_, at)| format!(", {at}")).collect();
        let names: String = asked().map(|(column, _)| format!(", {}", column.name)).collect();
        let summed = self.rows(windows, part, "cast(sum(calls) as bigint)");
        let summed = summed.then(&format!(" group by 1{places}, 8"));
        let outer = self.columns(include_str!("outcomes.sql"), |column| column.name);
        let select = summed.inside(&outer, "{summed}");
        let select = match &self.after {
            Some(after) => {
                let place = after.values(windows, &self.group_by);
                select.behind(&format!(" where (window_s{names}) > "), place)
            }
            None => select,
        };
        // A column that was not asked for is the same in all rows: to sort by it would only cost.
        select
            .then(&format!(" group by window_s{names}"))
            .then(&format!(" order by window_s{names}"))
            .limit(rows_max)
            .once()
    }

    /// What the part's rows are made of.
    pub(super) fn rows(&self, windows: &Windows, part: &parts::Part, calls: &str) -> Select {
        let sql = self
            .columns(include_str!("report.sql"), |column| column.read)
            .replace("{counted}", &self.grains().counted(windows, &part.span))
            .replace("{window}", &windows.sql())
            .replace("{calls}", calls);
        let select = Select::new(&sql, vec![windows.from_s.into()]);
        let select = self.filter.and(select).and_within(&self.reach, &RECORDED);
        match &part.clients {
            Some(parts::Clients { from, until }) => {
                select.and("client_id >= {}", from.as_str()).and_some("client_id < {}", until.as_deref())
            }
            None => select,
        }
    }

    fn columns(&self, sql: &str, of: impl Fn(&Column) -> &'static str) -> String {
        COLUMNS.iter().fold(sql.trim_end().to_owned(), |sql, column| {
            let read = if self.group_by.contains(&column.of) { of(column) } else { column.none };
            sql.replace(&format!("{{{}}}", column.name), read)
        })
    }
}

/// How a dimension is read, and what stands in its column where it was not asked for.
struct Column {
    of: UsageDimension,
    name: &'static str,
    read: &'static str,
    none: &'static str,
}

/// In the order of a report's rows.
const COLUMNS: [Column; 6] = {
    const fn column(of: UsageDimension, name: &'static str) -> Column {
        Column { of, name, read: name, none: "''" }
    }
    [
        Column { read: TEAM_OF, ..column(UsageDimension::OwnerTeam, "owner_team") },
        column(UsageDimension::Client, "client_id"),
        column(UsageDimension::Key, "key_id"),
        Column { none: "0", ..column(UsageDimension::SecretVersion, "secret_version") },
        column(UsageDimension::Route, "route_id"),
        column(UsageDimension::Environment, "environment"),
    ]
};

impl UsagePlace {
    /// The window, and what is asked for beside it, in the order of [`COLUMNS`].
    pub(super) fn values(&self, windows: &Windows, asked: &BTreeSet<UsageDimension>) -> Vec<Value> {
        let Self(window_s, team, client, key, version, route, environment) = self.clone();
        let all: [Value; 6] =
            [team.into(), client.into(), key.into(), version.into(), route.into(), environment.into()];
        let asked = COLUMNS.iter().zip(all).filter(|(column, _)| asked.contains(&column.of));
        std::iter::once(windows.as_now(window_s).into()).chain(asked.map(|(_, value)| value)).collect()
    }
}
