//! Personal values that are to be forgotten: found by whose or what they are, and deleted. The events that commit to them stay
//! as they are, and every proof over them.

use domain::{
    Aggregate as _, ErasureId, Position,
    api_client::ApiClient,
    erasure::{ErasedValue, Found, Holder},
    principal::Account,
};

use crate::{EventLog, LogFailure, log::Engine};

/// Which personal values are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalSearch {
    /// A client's or a principal's id: what stands in its events, and where a principal's commands came from. None: anybody's,
    /// which looks at every value there is.
    pub subject: Option<String>,
    /// Only those that are equal to one of these; empty: all.
    pub values: Vec<String>,
}

/// Position, subject, commitment; the event's aggregate, its type and its id.
pub(crate) type PlaceRow = (i64, String, String, String, String);

impl EventLog {
    /// The personal values that are still there, by position, at most so many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find_personal(
        &self,
        search: &PersonalSearch,
        values_max: usize,
    ) -> Result<Vec<Found>, LogFailure> {
        let rows_max = i64::try_from(values_max).unwrap_or(i64::MAX);
        let rows = match self.engine() {
            Engine::Sqlite(log) => log.find_personal(search, rows_max).await?,
            Engine::Postgres(log) => log.find_personal(search, rows_max).await?,
        };
        rows.into_iter().map(found).collect()
    }

    /// The values that erasures on record name, of one erasure or of all, and that are still there: to be forgotten elsewhere
    /// before [`Self::forget`] deletes them here.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn erased_values(&self, erasure: Option<ErasureId>) -> Result<Vec<String>, LogFailure> {
        let id = erasure.map(|id| id.to_string());
        match self.engine() {
            Engine::Sqlite(log) => log.erased_values(id).await,
            Engine::Postgres(log) => log.erased_values(id).await,
        }
    }

    /// Deletes the values that erasures on record name, of one erasure or of all: a second time nothing is left to delete, so
    /// that one that was cut off is finished whenever it is asked for again. Answers how many were there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget(&self, erasure: Option<ErasureId>) -> Result<u64, LogFailure> {
        let id = erasure.map(|id| id.to_string());
        match self.engine() {
            Engine::Sqlite(log) => log.forget(id).await,
            Engine::Postgres(log) => log.forget(id).await,
        }
    }
}

fn found(row: PlaceRow) -> Result<Found, LogFailure> {
    let (position, subject, commitment, aggregate_type, aggregate_id) = row;
    let damaged = |what: &'static str| LogFailure::Personal { source: what.into() };
    let position = u64::try_from(position).map_err(|_| damaged("a position is negative"))?;
    let commitment = commitment.parse().map_err(|_| damaged("a commitment is none"))?;
    let value = ErasedValue { position: Position::new(position), commitment };
    // An address is its caller's, and stands in the events of what they changed.
    let own = subject == aggregate_id;
    let of = match (aggregate_type.as_str(), subject.parse(), subject.parse()) {
        (ApiClient::TYPE, Ok(client_id), _) if own => Holder::Client { client_id },
        (Account::TYPE, _, Ok(principal_id)) if own => Holder::Principal { principal_id },
        (_, _, _) => Holder::Circumstances,
    };
    Ok(Found { of, value })
}
