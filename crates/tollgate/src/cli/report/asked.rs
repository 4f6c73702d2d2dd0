//! What reports are asked about: times, windows, whose calls, which page.

/// When, and in which pieces.
#[derive(clap::Args, Debug)]
pub(crate) struct Window {
    /// RFC 3339
    #[arg(long)]
    from: Option<String>,
    /// RFC 3339
    #[arg(long)]
    until: Option<String>,
    /// `minute`, `quarter`, `hour`, `day`, `week`, `month` or `total`
    #[arg(long)]
    granularity: Option<String>,
}

/// When.
#[derive(clap::Args, Debug)]
pub(crate) struct Span {
    /// RFC 3339
    #[arg(long)]
    from: Option<String>,
    /// RFC 3339
    #[arg(long)]
    until: Option<String>,
}

/// Whose, and how many.
#[derive(clap::Args, Debug)]
pub(crate) struct Of {
    #[arg(long)]
    owner_team: Option<String>,
    #[arg(long)]
    client_id: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    /// At most so many lines, 10,000 at most
    #[arg(long)]
    limit: Option<String>,
}

/// Which page.
#[derive(clap::Args, Debug)]
pub(crate) struct Pages {
    /// At most so many lines, 10,000 at most
    #[arg(long)]
    pub(super) limit: Option<String>,
    #[arg(long)]
    pub(super) cursor: Option<String>,
}

/// Whose access or calls, and to what.
#[derive(clap::Args, Debug)]
pub(crate) struct Whose {
    #[arg(long)]
    client_id: Option<String>,
    #[arg(long)]
    key_id: Option<String>,
    #[arg(long)]
    route_id: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    #[arg(long)]
    owner_team: Option<String>,
}

pub(super) type Query = Vec<(&'static str, Option<String>)>;

impl Window {
    pub(super) fn query(self) -> Query {
        let Self { from, until, granularity } = self;
        vec![("from", from), ("until", until), ("granularity", granularity)]
    }
}

impl Span {
    pub(super) fn query(self) -> Query {
        let Self { from, until } = self;
        vec![("from", from), ("until", until)]
    }
}

impl Of {
    pub(super) fn query(self) -> Query {
        let Self { owner_team, client_id, environment, limit } = self;
        vec![
            ("owner_team", owner_team),
            ("client_id", client_id),
            ("environment", environment),
            ("limit", limit),
        ]
    }
}

impl Whose {
    pub(super) fn query(self) -> Query {
        let Self { client_id, key_id, route_id, environment, owner_team } = self;
        vec![
            ("client_id", client_id),
            ("key_id", key_id),
            ("route_id", route_id),
            ("environment", environment),
            ("owner_team", owner_team),
        ]
    }
}
