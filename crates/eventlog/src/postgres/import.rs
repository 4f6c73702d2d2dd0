//! Writes a log that is moved here into a prepared database, holding the sequencer's lock all the while.

use domain::Position;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use super::{
    PostgresSettings,
    connect::{EVENTS, RARE_CONNECTIONS, Server},
    read, schema, sequencer,
    sessions::Sessions,
};
use crate::{
    LogFailure, StoredEvent,
    stored::StoredCommand,
    transfer::{Moved, Rows, TransferFailure, UNDER_WAY},
};

/// A database on which nobody gives positions but the one session here that writes: if it is lost, so is the lock.
pub(crate) struct ImportDatabase {
    server: Server,
    session: PgConnection,
    sessions: Sessions,
}

impl ImportDatabase {
    pub(crate) async fn open(settings: &PostgresSettings) -> Result<Self, TransferFailure> {
        let server = Server::of(settings, EVENTS)?;
        let failed = |source: sqlx::Error| server.failed(source);
        let pool = server.pool(RARE_CONNECTIONS).await?;
        schema::check(&pool, server.name()).await?;
        pool.close().await;
        let mut session = server.connect().await.map_err(failed)?;
        // Counting a large log may take longer than a caller of the API would wait.
        session.execute("set statement_timeout = '10min'").await.map_err(failed)?;
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(sequencer::LOCK)
            .fetch_one(&mut session)
            .await
            .map_err(failed)?;
        if !ours {
            return Err(TransferFailure::Busy { place: server.name().to_owned() });
        }
        let sessions = server.sessions();
        Ok(Self { server, session, sessions })
    }

    pub(crate) fn place(&self) -> String {
        self.server.name().to_owned()
    }

    pub(crate) async fn mark(&mut self) -> Result<Option<Vec<u8>>, TransferFailure> {
        let mark = sqlx::query(include_str!("recall_command.sql")).bind(UNDER_WAY);
        let digest = match mark.fetch_optional(&mut self.session).await {
            Ok(row) => row.map(|row| row.try_get("request_digest")).transpose(),
            Err(source) => Err(source),
        };
        digest.map_err(|source| self.failed(source))
    }

    pub(crate) async fn begin(&mut self, digest: &[u8; 32], now: &str) -> Result<(), TransferFailure> {
        let begun = sqlx::query(include_str!("import_commands.sql"))
            .bind([UNDER_WAY].as_slice())
            .bind([digest.as_slice()].as_slice())
            .bind([""].as_slice())
            .bind([""].as_slice())
            .bind([0_i64].as_slice())
            .bind([0_i64].as_slice())
            .bind([now].as_slice())
            .execute(&mut self.session)
            .await;
        begun.map(drop).map_err(|source| self.failed(source))
    }

    pub(crate) async fn rows(&mut self) -> Result<Rows, TransferFailure> {
        let rows: Result<(i64, i64, i64, i64, i64), _> =
            sqlx::query_as(include_str!("count_rows.sql")).bind(UNDER_WAY).fetch_one(&mut self.session).await;
        let (events, placed, waiting, personal_values, commands) =
            rows.map_err(|source| self.failed(source))?;
        if waiting > 0 {
            return Err(TransferFailure::Busy { place: self.place() });
        }
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Rows {
            events: number(events),
            placed: number(placed),
            personal_values: number(personal_values),
            commands: number(commands),
        })
    }

    /// All of them or none.
    pub(crate) async fn write_events(&mut self, events: &[Moved]) -> Result<(), TransferFailure> {
        let written = Columns::of(events).write(&mut self.session).await;
        let written = written.map_err(|source| self.failed(source))?;
        if usize::try_from(written) != Ok(events.len()) {
            let what = format!("{written} of {} events were given their positions", events.len());
            return Err(TransferFailure::NotTheSame { place: self.place(), what });
        }
        Ok(())
    }

    pub(crate) async fn write_commands(&mut self, commands: &[StoredCommand]) -> Result<(), TransferFailure> {
        let texts = |of: fn(&StoredCommand) -> &str| commands.iter().map(of).collect::<Vec<_>>();
        let digests: Vec<_> = commands.iter().map(|command| command.request_digest.as_slice()).collect();
        let written = sqlx::query(include_str!("import_commands.sql"))
            .bind(texts(|command| &command.command_key))
            .bind(digests)
            .bind(texts(|command| &command.aggregate_type))
            .bind(texts(|command| &command.aggregate_id))
            .bind(commands.iter().map(|command| column(command.version)).collect::<Vec<_>>())
            .bind(commands.iter().map(|command| column(command.position.get())).collect::<Vec<_>>())
            .bind(texts(|command| &command.recorded_at))
            .execute(&mut self.session)
            .await;
        written.map(drop).map_err(|source| self.failed(source))
    }

    pub(crate) async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        read::stored(&self.sessions, after, events_max).await
    }

    pub(crate) async fn finish(&mut self) -> Result<(), TransferFailure> {
        let forgotten =
            sqlx::query(include_str!("forget_import.sql")).bind(UNDER_WAY).execute(&mut self.session).await;
        forgotten.map(drop).map_err(|source| self.failed(source))
    }

    pub(crate) async fn close(self) {
        self.sessions.close().await;
        // Closed in an orderly way, the lock is free at once.
        drop(self.session.close().await);
    }

    fn failed(&self, source: sqlx::Error) -> TransferFailure {
        TransferFailure::Write { place: self.place(), source: Box::new(source) }
    }
}

/// The columns of a batch, one array each.
#[derive(Default)]
struct Columns<'a> {
    positions: Vec<i64>,
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    event_ids: Vec<&'a str>,
    recorded_at: Vec<&'a str>,
    leaves: Vec<&'a [u8]>,
    personal: PersonalColumns<'a>,
}

#[derive(Default)]
struct PersonalColumns<'a> {
    event_ids: Vec<&'a str>,
    commitments: Vec<&'a str>,
    subjects: Vec<&'a str>,
    salts: Vec<&'a [u8]>,
    values: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(events: &'a [Moved]) -> Self {
        let mut columns = Self::default();
        for Moved { event, personal } in events {
            columns.positions.push(column(event.position.get()));
            columns.aggregate_types.push(&event.aggregate_type);
            columns.aggregate_ids.push(&event.aggregate_id);
            columns.sequences.push(column(event.sequence));
            columns.event_types.push(&event.event_type);
            columns.event_versions.push(&event.event_version);
            columns.payloads.push(&event.payload);
            columns.metadata.push(&event.metadata);
            columns.event_ids.push(&event.event_id);
            columns.recorded_at.push(&event.recorded_at);
            columns.leaves.push(&event.leaf_hash);
            for row in personal {
                columns.personal.event_ids.push(&event.event_id);
                columns.personal.commitments.push(&row.commitment);
                columns.personal.subjects.push(&row.subject);
                columns.personal.salts.push(&row.salt);
                columns.personal.values.push(&row.value);
            }
        }
        columns
    }

    async fn write(&self, session: &mut PgConnection) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(include_str!("import_events.sql"))
            .bind(&self.positions)
            .bind(&self.aggregate_types)
            .bind(&self.aggregate_ids)
            .bind(&self.sequences)
            .bind(&self.event_types)
            .bind(&self.event_versions)
            .bind(&self.payloads)
            .bind(&self.metadata)
            .bind(&self.event_ids)
            .bind(&self.recorded_at)
            .bind(&self.leaves)
            .bind(&self.personal.event_ids)
            .bind(&self.personal.commitments)
            .bind(&self.personal.subjects)
            .bind(&self.personal.salts)
            .bind(&self.personal.values)
            .fetch_one(session)
            .await
    }
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
