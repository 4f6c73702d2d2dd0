//! Checkpoints, and the hashes that proofs are made of.

use rusqlite::{Connection, Transaction, TransactionBehavior::Immediate, params};

use super::SqliteLog;
use crate::{
    LogFailure,
    checkpoint::{
        CheckpointKey, CheckpointRow, Identity, IdentityRow, KeyRow, SignedCheckpoint, Signing, column,
    },
    merkle::{Hash, Node},
    sqlite::open,
};

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> LogFailure {
    LogFailure::Checkpoint { source: Box::new(source) }
}

impl SqliteLog {
    pub(crate) async fn checkpoint_row(&self) -> Result<Option<CheckpointRow>, LogFailure> {
        let newest = sqlx::query_as(include_str!("../sql/select_checkpoint.sql"));
        newest.fetch_optional(&self.pool).await.map_err(failed)
    }

    pub(crate) async fn identity_rows(&self) -> Result<Vec<IdentityRow>, LogFailure> {
        let all = sqlx::query_as(include_str!("../sql/select_identities.sql"));
        all.fetch_all(&self.pool).await.map_err(failed)
    }

    pub(crate) async fn checkpoint_key_rows(&self) -> Result<Vec<KeyRow>, LogFailure> {
        let all = sqlx::query_as(include_str!("../sql/select_checkpoint_keys.sql"));
        all.fetch_all(&self.pool).await.map_err(failed)
    }

    pub(crate) async fn subtrees(
        &self,
        level: u32,
        from: u64,
        until: u64,
    ) -> Result<Vec<Vec<u8>>, LogFailure> {
        let run = sqlx::query_scalar(include_str!("../sql/select_subtrees.sql"));
        let run = run.bind(i64::from(level)).bind(column(from)).bind(column(until));
        run.fetch_all(&self.pool).await.map_err(failed)
    }

    pub(crate) async fn subtrees_until(&self) -> Result<i64, LogFailure> {
        let last = sqlx::query_scalar(include_str!("../sql/select_subtrees_until.sql"));
        last.fetch_one(&self.pool).await.map_err(failed)
    }

    /// By a connection of its own, one that is opened for it: once a second at most, and the writer's commands wait for it
    /// no longer than for a sync to disk.
    pub(crate) async fn write_signing(&self, signing: Signing) -> Result<(), LogFailure> {
        let file = self.file.clone();
        let write = move || {
            let mut connection = open::open_writer(&file).map_err(failed)?;
            write_all(&mut connection, &signing).map_err(failed)
        };
        tokio::task::spawn_blocking(write).await.map_err(|_| LogFailure::Stopped)?
    }
}

fn write_all(connection: &mut Connection, signing: &Signing) -> rusqlite::Result<()> {
    let Signing { identity, subtrees, keys, checkpoint } = signing;
    let transaction = connection.transaction_with_behavior(Immediate)?;
    if let Some(identity) = identity {
        write_identity(&transaction, identity)?;
    }
    subtrees.iter().try_for_each(|subtree| write_subtree(&transaction, subtree))?;
    keys.iter().try_for_each(|key| write_key(&transaction, key))?;
    if let Some(checkpoint) = checkpoint {
        write_checkpoint(&transaction, checkpoint)?;
    }
    transaction.commit()
}

fn write_identity(to: &Transaction<'_>, identity: &Identity) -> rusqlite::Result<()> {
    let Identity { number, origin, made_at, reason, abandoned } = identity;
    let (abandoned, size) = abandoned.as_ref().map(|(origin, size)| (origin, column(size.get()))).unzip();
    let values = params![number, origin, made_at.to_string(), reason, abandoned, size];
    to.execute(include_str!("../sql/insert_identity.sql"), values).map(drop)
}

fn write_subtree(to: &Transaction<'_>, (node, hash): &(Node, Hash)) -> rusqlite::Result<()> {
    let mut insert = to.prepare_cached(include_str!("../sql/insert_subtree.sql"))?;
    insert.execute(params![node.height, column(node.index), hash.as_slice()]).map(drop)
}

fn write_key(to: &Transaction<'_>, key: &CheckpointKey) -> rusqlite::Result<()> {
    let CheckpointKey { vkey, identity, first_size, first_signed_at } = key;
    let values = params![vkey.to_string(), identity, column(first_size.get()), first_signed_at.to_string()];
    to.execute(include_str!("../sql/insert_checkpoint_key.sql"), values).map(drop)
}

fn write_checkpoint(to: &Transaction<'_>, checkpoint: &SignedCheckpoint) -> rusqlite::Result<()> {
    let SignedCheckpoint { identity, size, root, signed_at, note } = checkpoint;
    let values =
        params![identity, column(size.get()), signed_at.to_string(), root.as_slice(), note.to_string()];
    to.execute(include_str!("../sql/insert_checkpoint.sql"), values).map(drop)
}
