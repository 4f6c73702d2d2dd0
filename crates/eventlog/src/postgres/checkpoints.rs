//! Checkpoints, and the hashes that proofs are made of.

use sqlx::{Connection as _, PgConnection};

use super::{PostgresLog, fault::fault};
use crate::{
    LogFailure,
    checkpoint::{
        CheckpointKey, CheckpointRow, Identity, IdentityRow, KeyRow, SignedCheckpoint, Signing, column,
    },
    merkle::{Hash, Node},
};

fn failed(source: sqlx::Error) -> LogFailure {
    fault(source, |source| LogFailure::Checkpoint { source })
}

impl PostgresLog {
    pub(crate) async fn checkpoint_row(&self) -> Result<Option<CheckpointRow>, LogFailure> {
        let newest = sqlx::query_as(include_str!("../sql/select_checkpoint.sql"));
        self.sessions.run(async |session| newest.fetch_optional(session).await).await.map_err(failed)
    }

    pub(crate) async fn identity_rows(&self) -> Result<Vec<IdentityRow>, LogFailure> {
        let all = sqlx::query_as(include_str!("../sql/select_identities.sql"));
        self.sessions.run(async |session| all.fetch_all(session).await).await.map_err(failed)
    }

    pub(crate) async fn checkpoint_key_rows(&self) -> Result<Vec<KeyRow>, LogFailure> {
        let all = sqlx::query_as(include_str!("../sql/select_checkpoint_keys.sql"));
        self.sessions.run(async |session| all.fetch_all(session).await).await.map_err(failed)
    }

    pub(crate) async fn subtrees(
        &self,
        level: u32,
        from: u64,
        until: u64,
    ) -> Result<Vec<Vec<u8>>, LogFailure> {
        let run = sqlx::query_scalar(include_str!("../sql/select_subtrees.sql"));
        let run = run.bind(i64::from(level)).bind(column(from)).bind(column(until));
        self.sessions.run(async |session| run.fetch_all(session).await).await.map_err(failed)
    }

    pub(crate) async fn subtrees_until(&self) -> Result<i64, LogFailure> {
        let last = sqlx::query_scalar(include_str!("../sql/select_subtrees_until.sql"));
        self.sessions.run(async |session| last.fetch_one(session).await).await.map_err(failed)
    }

    pub(crate) async fn write_signing(&self, signing: &Signing) -> Result<(), LogFailure> {
        self.sessions.run(async |session| write_all(session, signing).await).await.map_err(failed)
    }
}

async fn write_all(session: &mut PgConnection, signing: &Signing) -> Result<(), sqlx::Error> {
    let Signing { identity, subtrees, keys, checkpoint } = signing;
    let mut transaction = session.begin().await?;
    if let Some(identity) = identity {
        write_identity(&mut transaction, identity).await?;
    }
    if !subtrees.is_empty() {
        write_subtrees(&mut transaction, subtrees).await?;
    }
    write_keys(&mut transaction, keys).await?;
    if let Some(checkpoint) = checkpoint {
        write_checkpoint(&mut transaction, checkpoint).await?;
    }
    transaction.commit().await
}

async fn write_identity(to: &mut PgConnection, identity: &Identity) -> Result<(), sqlx::Error> {
    let Identity { number, origin, made_at, reason, abandoned } = identity;
    let (abandoned, size) = abandoned.as_ref().map(|(origin, size)| (origin, column(size.get()))).unzip();
    let insert = sqlx::query(include_str!("../sql/insert_identity.sql"))
        .bind(i64::from(*number))
        .bind(origin)
        .bind(made_at.to_string())
        .bind(reason)
        .bind(abandoned)
        .bind(size);
    insert.execute(to).await.map(drop)
}

async fn write_subtrees(to: &mut PgConnection, subtrees: &[(Node, Hash)]) -> Result<(), sqlx::Error> {
    let levels: Vec<i64> = subtrees.iter().map(|(node, _)| i64::from(node.height)).collect();
    let nodes: Vec<i64> = subtrees.iter().map(|(node, _)| column(node.index)).collect();
    let hashes: Vec<&[u8]> = subtrees.iter().map(|(_, hash)| hash.as_slice()).collect();
    let insert = sqlx::query(include_str!("insert_subtrees.sql")).bind(levels).bind(nodes).bind(hashes);
    insert.execute(to).await.map(drop)
}

async fn write_keys(to: &mut PgConnection, keys: &[CheckpointKey]) -> Result<(), sqlx::Error> {
    let Some(CheckpointKey { vkey: _, identity, first_size, first_signed_at }) = keys.first() else {
        return Ok(());
    };
    let vkeys: Vec<String> = keys.iter().map(|key| key.vkey.to_string()).collect();
    let insert = sqlx::query(include_str!("insert_checkpoint_keys.sql"))
        .bind(vkeys)
        .bind(i64::from(*identity))
        .bind(column(first_size.get()))
        .bind(first_signed_at.to_string());
    insert.execute(to).await.map(drop)
}

async fn write_checkpoint(to: &mut PgConnection, checkpoint: &SignedCheckpoint) -> Result<(), sqlx::Error> {
    let SignedCheckpoint { identity, size, root, signed_at, note } = checkpoint;
    let insert = sqlx::query(include_str!("../sql/insert_checkpoint.sql"))
        .bind(i64::from(*identity))
        .bind(column(size.get()))
        .bind(signed_at.to_string())
        .bind(root.as_slice())
        .bind(note.to_string());
    insert.execute(to).await.map(drop)
}
