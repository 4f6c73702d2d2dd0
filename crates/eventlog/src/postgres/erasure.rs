//! Personal values that are to be forgotten.

use super::{PostgresLog, fault::fault};
use crate::{
    LogFailure,
    erasure::{PersonalSearch, PlaceRow},
};

fn failed(source: sqlx::Error) -> LogFailure {
    fault(source, |source| LogFailure::Personal { source })
}

impl PostgresLog {
    pub(crate) async fn find_personal(
        &self,
        search: &PersonalSearch,
        rows_max: i64,
    ) -> Result<Vec<PlaceRow>, LogFailure> {
        let found = match &search.subject {
            Some(subject) => sqlx::query_as(include_str!("select_personal_of.sql")).bind(subject),
            None => sqlx::query_as(include_str!("select_personal_equal.sql")),
        };
        let found = found.bind(&search.values).bind(rows_max);
        self.sessions.run(async |session| found.fetch_all(session).await).await.map_err(failed)
    }

    pub(crate) async fn erased_values(&self, erasure: Option<String>) -> Result<Vec<String>, LogFailure> {
        let select = sqlx::query_scalar(include_str!("select_erased.sql")).bind(erasure);
        self.sessions.run(async |session| select.fetch_all(session).await).await.map_err(failed)
    }

    pub(crate) async fn forget(&self, erasure: Option<String>) -> Result<u64, LogFailure> {
        let delete = sqlx::query(include_str!("delete_erased.sql")).bind(erasure);
        let gone = self.sessions.run(async |session| delete.execute(session).await).await.map_err(failed)?;
        Ok(gone.rows_affected())
    }
}
