//! Whose a secret was.

use domain::secret::Locator;

pub use crate::secret_directory::SecretRow;
use crate::{ReadFailure, ReadModel, queries::Select};

/// The event that a secret with this locator came with, whether it can prove anything still or not. That it is that secret is
/// for the event's digest to say.
///
/// # Errors
/// When the read model cannot be read.
pub async fn find(model: &ReadModel, locator: Locator) -> Result<Option<SecretRow>, ReadFailure> {
    let select = Select::new(include_str!("secrets/select.sql"), vec![])
        .and("fingerprint = {}", locator.fingerprint());
    model.fetch_one(select).await
}
