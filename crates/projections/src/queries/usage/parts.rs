//! A report read in parts, each of which begins where the one before ended in the report's order, until there is a page of rows: of a
//! page's rows nothing else is added up than they are made of, as far as that can be foreseen.

use std::ops::Range;

use domain::ClientId;

use super::{UsageDimension, UsagePlace, UsageQuery, Windows, detail};
use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select, usage::DAY_S};

/// A part has at most so many times the windows, or the clients, of the one before.
const GROWTH_MAX: u64 = 16;
/// A window that is longer is read by some clients at a time.
const AT_ONCE_S: i64 = 2 * DAY_S;
const CLIENTS_AT_FIRST: u64 = if cfg!(test) { 2 } else { 32 };

/// A part of a report: some windows, or of one window some clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where its windows begin, and where they end.
    pub(super) span: Range<i64>,
    pub(super) clients: Option<Clients>,
    /// Windows, or clients.
    many: u64,
}

impl Part {
    /// All that is left.
    pub(super) fn whole(windows: &Windows) -> Self {
        Self { span: windows.from_s..windows.until_s, clients: None, many: 1 }
    }
}

/// Some clients in the order of their identifiers; calls of nobody come first, under an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clients {
    pub(super) from: String,
    /// Before this one; none: all that are left.
    pub(super) until: Option<String>,
}

/// How a report is read.
pub(super) struct Reader<'of> {
    model: &'of ReadModel,
    windows: &'of Windows,
    by_clients: bool,
}

impl<'of> Reader<'of> {
    pub(super) fn new(model: &'of ReadModel, query: &UsageQuery, windows: &'of Windows) -> Self {
        let asked = |dimension| query.group_by.contains(&dimension);
        // Only of these can there be more rows in a window than are read at once.
        let by_clients = asked(UsageDimension::Client)
            && !asked(UsageDimension::OwnerTeam)
            && query.filter.client_id.is_none()
            && query.grains() == detail::CALLS;
        Self { model, windows, by_clients }
    }

    /// Behind a place, or from the beginning.
    pub(super) async fn first(&self, query: &UsageQuery) -> Result<Part, ReadFailure> {
        let Windows { from_s, until_s, .. } = self.windows;
        let after = query.after.as_ref();
        let begin_s =
            after.map_or(*from_s, |UsagePlace(window_s, ..)| self.windows.as_now(*window_s).max(*from_s));
        if query.group_by.is_empty() {
            return Ok(Part { span: begin_s..*until_s, clients: None, many: 1 });
        }
        let client = after.map(|UsagePlace(_, _, client, ..)| client.clone()).unwrap_or_default();
        self.beginning(begin_s, client, 1).await
    }

    /// The part after one that had so many rows, when so many more are wanted; none where nothing is left.
    pub(super) async fn after(
        &self,
        part: Part,
        rows: u64,
        wanted: u64,
    ) -> Result<Option<Part>, ReadFailure> {
        let Part { span, clients, many } = part;
        let next = grown(many, rows, wanted);
        if let Some(Clients { until: Some(until), .. }) = clients {
            let clients = Some(self.clients(until, next).await?);
            return Ok(Some(Part { span, clients, many: next }));
        }
        if span.end >= self.windows.until_s {
            return Ok(None);
        }
        let windows = if clients.is_some() { 1 } else { next };
        self.beginning(span.end, String::new(), windows).await.map(Some)
    }

    async fn beginning(&self, begin_s: i64, client: String, windows: u64) -> Result<Part, ReadFailure> {
        let end_s = self.windows.end_after(begin_s);
        if self.by_clients && end_s - begin_s > AT_ONCE_S {
            let clients = Some(self.clients(client, CLIENTS_AT_FIRST).await?);
            return Ok(Part { span: begin_s..end_s, clients, many: CLIENTS_AT_FIRST });
        }
        let end_s = self.windows.end_of(begin_s, windows);
        Ok(Part { span: begin_s..end_s, clients: None, many: windows })
    }

    /// So many clients from one on. Whoever is in no directory is among those between two that are.
    async fn clients(&self, from: String, many: u64) -> Result<Clients, ReadFailure> {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        let select = Select::new(include_str!("parts/clients.sql"), vec![from.as_str().into(), many.into()]);
        let last: Vec<Named> = self.model.fetch(select).await?;
        let is_short = u32::try_from(last.len()).unwrap_or(u32::MAX) < many;
        let until = last.last().filter(|_| !is_short).map(|Named(client)| client.to_string());
        Ok(Clients { from, until })
    }
}

/// As many as make up the rows that are wanted, if they are as dense as those that were read.
fn grown(many: u64, rows: u64, wanted: u64) -> u64 {
    let needed = many.saturating_mul(wanted).div_ceil(rows.max(1));
    needed.clamp(1, many.saturating_mul(GROWTH_MAX))
}

struct Named(ClientId);

impl Stored for Named {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.parsed("client_id")?))
    }
}
