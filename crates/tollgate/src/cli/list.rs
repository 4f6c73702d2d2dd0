//! What every list and every look at one thing may be asked, beside the filters of its own.

use clap::Args;

/// Which page, in which order, of when.
#[derive(Args, Debug)]
pub(crate) struct Listing {
    /// Fields with commas between them, `-` before one for backwards: name,-created_at
    #[arg(long, allow_hyphen_values = true, value_name = "FIELDS")]
    sort: Option<String>,
    /// At most so many, up to 200
    #[arg(long)]
    limit: Option<u32>,
    /// What the page before ended with
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    then: Then,
}

/// Of when.
#[derive(Args, Debug)]
pub(crate) struct Then {
    /// As it stood: behind a position of the log, or at a time (RFC 3339)
    #[arg(long, value_name = "WHEN")]
    as_of: Option<String>,
}

pub(super) type Query = Vec<(&'static str, Option<String>)>;

impl Listing {
    /// The parameters of a list with these filters.
    pub(super) fn query<const FILTERS: usize>(
        self,
        filters: [(&'static str, Option<String>); FILTERS],
    ) -> Query {
        let Self { sort, limit, cursor, then } = self;
        let paging = [("sort", sort), ("limit", limit.map(|limit| limit.to_string())), ("cursor", cursor)];
        filters.into_iter().chain(paging).chain(then.query()).collect()
    }
}

impl Then {
    pub(super) fn query(self) -> Query {
        vec![("as_of", self.as_of)]
    }
}
