//! How a write is carried out, whatever it is: the query parameters that all writes take beside their own.

use http::{Uri, uri::PathAndQuery};

use crate::problem::{Problem, kinds};

/// In earnest and without waiting for gateways, unless the caller says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Answers what would happen; nothing does.
    pub(crate) dry_run: bool,
    /// Answers once every gateway node that lives has applied it.
    pub(crate) wait_applied: bool,
}

impl Manner {
    /// Takes its parameters out of a request's address. What is left is the operation's own: neither is part of what is
    /// asked for, so a command that is given again may say otherwise.
    pub(crate) fn take(uri: &Uri) -> Result<(Self, Uri), Problem> {
        let Some(query) = uri.query() else { return Ok((Self::default(), uri.clone())) };
        let (mut dry_run, mut wait, mut rest) = (None, None, vec![]);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (given, read) = match (name, value) {
                ("dry_run", "true" | "false") => (&mut dry_run, value == "true"),
                ("dry_run", _) => return Err(refused("dry_run: must be `true` or `false`")),
                ("wait", "applied") => (&mut wait, true),
                ("wait", _) => return Err(refused("wait: must be `applied`")),
                (_, _) => {
                    rest.push(pair);
                    continue;
                }
            };
            if given.replace(read).is_some() {
                return Err(refused("a parameter is given twice"));
            }
        }
        let manner = Self { dry_run: dry_run.unwrap_or_default(), wait_applied: wait.unwrap_or_default() };
        Ok((manner, with_query(uri, &rest.join("&"))?))
    }
}

fn refused(why: &'static str) -> Problem {
    Problem::because(kinds::QUERY_INVALID, why)
}

fn with_query(uri: &Uri, query: &str) -> Result<Uri, Problem> {
    let rest = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).map_err(|why| Problem::internal(&why))?);
    Uri::from_parts(parts).map_err(|why| Problem::internal(&why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(uri: &str) -> Result<(bool, bool, String), u16> {
        let (manner, rest) = Manner::take(&uri.parse().unwrap()).map_err(|problem| problem.status())?;
        Ok((manner.dry_run, manner.wait_applied, rest.to_string()))
    }

    fn check(uri: &str, dry_run: bool, wait_applied: bool, rest: &str) {
        assert_eq!(take(uri), Ok((dry_run, wait_applied, rest.to_owned())), "{uri}");
    }

    #[test]
    fn what_is_taken_is_not_left_for_the_operation() {
        check("/v1/x", false, false, "/v1/x");
        check("/v1/x?dry_run=true", true, false, "/v1/x");
        check("/v1/x?reason=a%20b&dry_run=false&wait=applied", false, true, "/v1/x?reason=a%20b");
        check("/v1/x?wait=applied&other=1", false, true, "/v1/x?other=1");
        // Another spelling of a name is no name that anyone knows: the operation refuses it.
        check("/v1/x?dry%5frun=true", false, false, "/v1/x?dry%5frun=true");
    }

    #[test]
    fn other_values_and_repetitions_are_refused() {
        for query in [
            "dry_run",
            "dry_run=",
            "dry_run=1",
            "dry_run=TRUE",
            "wait=",
            "wait=visible",
            "wait=applied&wait=applied",
        ] {
            assert_eq!(take(&format!("/v1/x?{query}")), Err(400), "{query}");
        }
    }
}
