//! How far a grant or a webhook reaches: what a team owns, what lies in environments, both, or everything.

use clap::Args;
use serde_json::{Value, json};

use super::key::given;

/// One of them has to be given. In this order: whoever gives none is told of all ways, and of the widest last.
#[derive(Args, Debug)]
#[group(id = "scope", required = true, multiple = true)]
pub(super) struct Scope {
    /// What this team owns
    #[arg(long)]
    team: Option<String>,
    /// What lies there; repeatable
    #[arg(long = "environment", value_name = "ENVIRONMENT")]
    environments: Vec<String>,
    /// Everything
    #[arg(long, conflicts_with_all = ["team", "environments"])]
    all: bool,
}

impl Scope {
    pub(super) fn said(self) -> Value {
        let Self { team, environments, all } = self;
        scope(all, team, environments)
    }
}

/// Said in so many words: nothing that is left out means all.
pub(super) fn scope(all: bool, team: Option<String>, environments: Vec<String>) -> Value {
    if all {
        return json!({ "kind": "all" });
    }
    let mut scope = given([("kind", Some("limited".to_owned())), ("team", team)]);
    if !environments.is_empty() {
        scope.insert("environments".to_owned(), environments.into());
    }
    Value::Object(scope)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        scope: Scope,
    }

    fn check(words: &[&str], said: &Value) {
        let line = Line::try_parse_from([&["line"], words].concat()).unwrap();
        assert_eq!(line.scope.said(), *said, "{words:?}");
    }

    #[test]
    fn a_scope_says_what_it_is() {
        check(&["--all"], &json!({ "kind": "all" }));
        check(&["--team", "Orders"], &json!({ "kind": "limited", "team": "Orders" }));
        let both = ["--environment", "prod", "--team", "Orders", "--environment", "test"];
        check(&both, &json!({ "kind": "limited", "team": "Orders", "environments": ["prod", "test"] }));
    }

    #[test]
    fn whoever_gives_none_is_told_of_all_ways_and_of_the_widest_last() {
        for words in [
            &["grant", "give", "prn_1", "operator", "--reason", "x"][..],
            &["webhook", "create", "--name", "n", "--to", "https://example.com/", "--event", "*"],
        ] {
            let refused = Cli::try_parse_from([&["tollgate"], words].concat()).unwrap_err().to_string();
            let ways = "<--team <TEAM>|--environment <ENVIRONMENT>|--all>";
            assert!(refused.contains(ways), "{words:?}: {refused}");
        }
    }

    #[test]
    fn everything_is_no_part_of_something() {
        for narrower in [["--team", "Orders"], ["--environment", "prod"]] {
            assert!(Line::try_parse_from([&["line", "--all"], &narrower[..]].concat()).is_err());
        }
    }
}
