//! A statement from its file, with the conditions that were asked for.
//!
//! Only those: `$1 is null or column = $1` would read well and use no index.

use domain::access::{Limits, Reach};

use crate::{
    Value,
    queries::order::{Listed, Place, Seek},
};

/// Where a row says whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belongs {
    /// A condition on the team, `{}` standing for its name; none where a row has no team.
    pub(crate) team: Option<&'static str>,
    pub(crate) environment: Places,
}

/// Where a row says in which environments it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Places {
    Nowhere,
    /// This column.
    One(&'static str),
    /// This column, a list in JSON.
    Listed(&'static str),
    /// This condition, `{}` standing for the name, `{like}` for a pattern that finds it in a list in JSON.
    Where(&'static str),
}

/// The clients of a team, of which a row names one in `client_id`.
pub(crate) const OF_TEAM: &str =
    "client_id in (select own.client_id from client_directory own where own.owner_team = {})";

/// What was recorded of a client in one environment.
pub(crate) const RECORDED: Belongs = Belongs { team: Some(OF_TEAM), environment: Places::One("environment") };

/// A statement with its parameters, in the dialect that all engines share.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// Its text is not asked again: there is no use in keeping its plan, nor in a plan that would do for other values.
    pub(crate) once: bool,
}

impl Select {
    /// Begins with the file's text, which ends in a `where` clause or needs none.
    pub(crate) fn new(file: &str, values: Vec<Value>) -> Self {
        Self { sql: file.trim_end().to_owned(), values, once: false }
    }

    /// Adds a condition, `{}` standing for the value.
    pub(crate) fn and(mut self, condition: &'static str, value: impl Into<Value>) -> Self {
        let place = self.bind(value.into());
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{}", &place));
        self
    }

    /// The same where there is a value.
    pub(crate) fn and_some(self, condition: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// A condition on two values, `{0}` and `{1}`.
    pub(crate) fn and_both(
        mut self,
        condition: &'static str,
        first: impl Into<Value>,
        second: impl Into<Value>,
    ) -> Self {
        let (first, second) = (self.bind(first.into()), self.bind(second.into()));
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{0}", &first).replace("{1}", &second));
        self
    }

    /// A condition on a list that is not empty, `{}` standing for all of it.
    pub(crate) fn and_in(mut self, condition: &'static str, values: impl Iterator<Item = Value>) -> Self {
        let places = values.map(|value| self.bind(value)).collect::<Vec<_>>().join(", ");
        self.sql.push_str("\n   and ");
        self.sql.push_str(&condition.replace("{}", &places));
        self
    }

    /// A text that the folded column begins with, whatever its case.
    pub(crate) fn and_begins(self, condition: &'static str, text: Option<&str>) -> Self {
        self.and_some(condition, text.map(|text| format!("{}%", escape_like(&text.to_lowercase()))))
    }

    /// A text that is contained in the folded column, whatever its case.
    pub(crate) fn and_contains(self, condition: &'static str, text: Option<&str>) -> Self {
        self.and_some(condition, text.map(|text| format!("%{}%", escape_like(&text.to_lowercase()))))
    }

    /// Only what is in reach.
    pub(crate) fn and_within(self, reach: &Reach, belongs: &Belongs) -> Self {
        self.and_within_or(reach, "", belongs)
    }

    /// Only what is in reach, or what this says is nobody's: that is seen by whoever sees anything.
    pub(crate) fn and_within_or(mut self, reach: &Reach, shared: &str, belongs: &Belongs) -> Self {
        match self.reaching(reach, shared, belongs) {
            Some(condition) => self.and_made(&condition),
            None => self,
        }
    }

    /// The same in the place of a mark, for a condition inside the statement.
    pub(crate) fn within_at(mut self, mark: &str, reach: &Reach, shared: &str, belongs: &Belongs) -> Self {
        let condition = self.reaching(reach, shared, belongs).unwrap_or_else(|| "1 = 1".to_owned());
        self.sql = self.sql.replace(mark, &condition);
        self
    }

    /// That a row is in reach; none where everything is.
    fn reaching(&mut self, reach: &Reach, shared: &str, belongs: &Belongs) -> Option<String> {
        let Reach::Within(limits) = reach else { return None };
        let mut either: Vec<String> = vec![];
        for limits in limits {
            either.extend(self.within(limits, belongs));
        }
        if !shared.is_empty() && !limits.is_empty() {
            either.push(shared.to_owned());
        }
        let condition = if either.is_empty() { "1 = 0".to_owned() } else { either.join(" or ") };
        Some(format!("({condition})"))
    }

    /// What is nobody's, for whoever sees anything at all.
    pub(crate) fn and_shared(self, reach: &Reach) -> Self {
        if reach.is_nothing() { self.and_made("1 = 0") } else { self }
    }

    /// That a row is within the limits; none where no row can be.
    fn within(&mut self, limits: &Limits, belongs: &Belongs) -> Option<String> {
        let Limits { team, environments } = limits;
        if limits.is_empty() {
            return None;
        }
        let mut all: Vec<String> = vec![];
        if let Some(team) = team {
            let place = self.bind(team.as_str().into());
            all.push(belongs.team?.replace("{}", &place));
        }
        if let Some(names) = environments {
            let mut any: Vec<String> = vec![];
            for name in names {
                any.push(match belongs.environment {
                    Places::Nowhere => return None,
                    Places::One(column) => format!("{column} = {}", self.bind(name.as_str().into())),
                    // Environments are a-z and 0-9: one in quotes is found only where it is an item.
                    Places::Where(condition) => {
                        let mut made = condition.to_owned();
                        if made.contains("{like}") {
                            let pattern = self.bind(format!("%{}%", quoted(name.as_str())).into());
                            made = made.replace("{like}", &pattern);
                        }
                        if made.contains("{}") {
                            let place = self.bind(name.as_str().into());
                            made = made.replace("{}", &place);
                        }
                        made
                    }
                    Places::Listed(column) => {
                        let quoted = self.bind(format!("%{}%", quoted(name.as_str())).into());
                        format!("{column} like {quoted}")
                    }
                });
            }
            all.push(format!("({})", any.join(" or ")));
        }
        Some(format!("({})", all.join(" and ")))
    }

    pub(crate) fn then(mut self, clause: &str) -> Self {
        self.sql.push('\n');
        self.sql.push_str(clause);
        self
    }

    pub(crate) fn limit(mut self, rows: u32) -> Self {
        let place = self.bind(rows.into());
        self.then(&format!(" limit {place}"))
    }

    /// A condition that was put together.
    pub(crate) fn and_made(mut self, condition: &str) -> Self {
        self.sql.push_str("\n   and ");
        self.sql.push_str(condition);
        self
    }

    /// All of it as a table, of which only rows behind these values: `behind` ends in a comparison with a row.
    pub(crate) fn within_rows(self, behind: &str, values: Vec<Value>) -> Self {
        self.inside("select * from (\n{}\n) page", "{}").behind(behind, values)
    }

    /// Says that the text has times in it, or anything else that is another one the next time.
    pub(crate) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// All of it in the place of a mark in another statement.
    pub(crate) fn inside(mut self, outer: &str, mark: &str) -> Self {
        self.sql = outer.trim_end().replace(mark, &self.sql);
        self
    }

    /// A condition that ends in a comparison with a row of these values.
    pub(crate) fn behind(mut self, condition: &str, values: Vec<Value>) -> Self {
        let places: Vec<_> = values.into_iter().map(|value| self.bind(value)).collect();
        self.then(&format!("{condition}({})", places.join(", ")))
    }

    /// One page in its order.
    pub(crate) fn page<Row: Listed>(mut self, seek: &Seek<Row>) -> Self {
        if let Some(Place(values)) = seek.after() {
            let places: Vec<_> = values.iter().map(|value| self.bind(value.clone())).collect();
            self = self.and_made(&seek.order.behind(&places));
        }
        self.then(&seek.order.clause()).limit(seek.limit)
    }

    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// A text as an item of a list in JSON.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// For `like … escape '\'`.
pub(crate) fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_reach_is_asked_for_nowhere() {
        let belongs = Belongs { team: Some("team = {}"), environment: Places::Listed("environments") };
        let sql =
            |reach: &Reach| Select::new("select a from t where 1 = 1", vec![]).and_within(reach, &belongs);
        let limits = |team: Option<&str>, environments: Option<&[&str]>| Limits {
            team: team.map(|name| name.parse().unwrap()),
            environments: environments.map(|names| names.iter().map(|name| name.parse().unwrap()).collect()),
        };
        assert_eq!(sql(&Reach::Everything).sql, "select a from t where 1 = 1");
        for nothing in [vec![], vec![limits(None, None)], vec![limits(Some("A"), Some(&[]))]] {
            assert!(sql(&Reach::Within(nothing)).sql.ends_with("and (1 = 0)"));
        }
        let both = vec![limits(Some("A"), Some(&["prod", "test"])), limits(Some("B"), None)];
        let select = sql(&Reach::Within(both));
        assert!(select.sql.ends_with(
            "and ((team = $1 and (environments like $2 or environments like $3)) or (team = $4))"
        ));
        assert_eq!(select.values, vec!["A".into(), "%\"prod\"%".into(), "%\"test\"%".into(), "B".into()]);
        let nowhere = Belongs { environment: Places::Nowhere, ..belongs };
        let select = Select::new("select a from t where 1 = 1", vec![]);
        let select = select.and_within(&Reach::Within(vec![limits(None, Some(&["prod"]))]), &nowhere);
        assert!(select.sql.ends_with("and (1 = 0)"));
        let marked = |reach: &Reach| {
            let inner = "select a from t where not exists (select 1 from u where {reach})";
            Select::new(inner, vec![]).within_at("{reach}", reach, "client_id is null", &belongs)
        };
        assert!(marked(&Reach::Everything).sql.ends_with("from u where 1 = 1)"));
        assert!(marked(&Reach::Within(vec![])).sql.ends_with("from u where (1 = 0))"));
        let select = marked(&Reach::Within(vec![limits(Some("A"), None)]));
        assert!(select.sql.ends_with("from u where ((team = $1) or client_id is null))"), "{}", select.sql);
    }

    #[test]
    fn conditions_are_added_in_order_and_only_where_given() {
        let select = Select::new("select a from t where b = $1\n", vec![Value::from("b")])
            .and_some("c = {}", None::<&str>)
            .and_contains("d like {} escape '\\'", Some("50%_Ä"))
            .then(" order by a")
            .limit(7);
        assert_eq!(
            select.sql,
            "select a from t where b = $1\n   and d like $2 escape '\\'\n order by a\n limit $3"
        );
        assert_eq!(select.values, vec!["b".into(), "%50\\%\\_ä%".into(), Value::Integer(7)]);
    }
}
