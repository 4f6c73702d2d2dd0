//! Personal values that are to be forgotten.

use rusqlite::params;

use super::SqliteLog;
use crate::{
    LogFailure,
    erasure::{PersonalSearch, PlaceRow},
    sqlite::open,
};

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> LogFailure {
    LogFailure::Personal { source: Box::new(source) }
}

impl SqliteLog {
    pub(crate) async fn find_personal(
        &self,
        search: &PersonalSearch,
        rows_max: i64,
    ) -> Result<Vec<PlaceRow>, LogFailure> {
        let values = serde_json::to_string(&search.values).map_err(failed)?;
        let found = match &search.subject {
            Some(subject) => sqlx::query_as(include_str!("../sql/select_personal_of.sql")).bind(subject),
            None => sqlx::query_as(include_str!("../sql/select_personal_equal.sql")),
        };
        found.bind(values).bind(rows_max).fetch_all(&self.pool).await.map_err(failed)
    }

    pub(crate) async fn erased_values(&self, erasure: Option<String>) -> Result<Vec<String>, LogFailure> {
        let select = sqlx::query_scalar(include_str!("../sql/select_erased.sql")).bind(erasure);
        select.fetch_all(&self.pool).await.map_err(failed)
    }

    /// What is deleted is overwritten (`secure_delete`), and the write-ahead log, which has the pages of before, emptied as
    /// far as readers let it.
    pub(crate) async fn forget(&self, erasure: Option<String>) -> Result<u64, LogFailure> {
        let file = self.file.clone();
        let delete = move || {
            let connection = open::open_writer(&file).map_err(failed)?;
            let gone = connection.execute(include_str!("../sql/delete_erased.sql"), params![erasure]);
            let gone = gone.map_err(failed)?;
            if gone > 0 {
                let empty = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
                empty.map_err(failed)?;
            }
            Ok(u64::try_from(gone).unwrap_or(u64::MAX))
        };
        tokio::task::spawn_blocking(delete).await.map_err(|_| LogFailure::Stopped)?
    }
}
