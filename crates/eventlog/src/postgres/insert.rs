//! One statement for the appends of many commands; shorter ones where they have less to say.

use domain::Timestamp;
use sqlx::{PgConnection, PgPool};

use super::read;
use crate::{
    Place,
    append::{Append, AppendRefused, Appended, new_event_id},
};

/// What one command's append came to.
pub(super) type Inserted = Result<Appended, AppendRefused>;

/// Appends all of them or none; each has at least one event.
///
/// # Errors
/// When one of them conflicts with what is there, told by the constraint's name, or the server failed.
pub(super) async fn all(
    connection: &mut PgConnection,
    appends: &[&Append],
    recorded_at: Timestamp,
) -> Result<Vec<Appended>, sqlx::Error> {
    let rows = Rows::of(appends, recorded_at);
    let texts = rows.texts(appends);
    if let Some(event_no) = texts.insert_single(connection, &rows).await? {
        return Ok(vec![Appended { last: Place::Recorded { event_no } }]);
    }
    let given: Vec<(String, i64)> = texts.insert(connection, &rows).await?;
    let number_of = |event_id: &String| {
        let row = given.iter().find(|(given, _)| given == event_id);
        row.map(|(_, event_no)| *event_no).ok_or(sqlx::Error::RowNotFound)
    };
    let last =
        rows.last_ids.iter().map(|id| Ok(Appended { last: Place::Recorded { event_no: number_of(id)? } }));
    last.collect()
}

/// What a command that had nothing to append rests on; a conflict when its aggregate has moved on.
pub(super) async fn nothing(
    pool: &PgPool,
    append: &Append,
    recorded_at: Timestamp,
) -> Result<Inserted, sqlx::Error> {
    let name = append.idempotency.as_ref();
    let found: Option<(i64, Option<i64>)> = sqlx::query_as(include_str!("note_command.sql"))
        .bind(append.aggregate_type)
        .bind(&append.aggregate_id)
        .bind(column(append.version))
        .bind(name.map(|name| name.key.as_str()))
        .bind(name.map(|name| name.request_digest.as_slice()))
        .bind(recorded_at.to_string())
        .fetch_optional(pool)
        .await?;
    let appended = |(event_no, position)| Appended { last: read::place(event_no, position) };
    Ok(found.map(appended).ok_or(AppendRefused::Conflict))
}

/// What has to be computed: identifiers, sequences, hashes.
struct Rows {
    recorded_at: String,
    event_ids: Vec<String>,
    sequences: Vec<i64>,
    leaves: Vec<[u8; 32]>,
    /// Of each append.
    last_ids: Vec<String>,
    new_versions: Vec<i64>,
}

impl Rows {
    fn of(appends: &[&Append], recorded_at: Timestamp) -> Self {
        let text = recorded_at.to_string();
        let (mut event_ids, mut sequences, mut leaves) = (vec![], vec![], vec![]);
        let mut last_ids = Vec::with_capacity(appends.len());
        for append in appends {
            for (event, sequence) in append.events.iter().zip(append.version.saturating_add(1)..) {
                let event_id = new_event_id(recorded_at).to_string();
                leaves.push(append.leaf(event, sequence, &event_id, &text));
                sequences.push(column(sequence));
                event_ids.push(event_id);
            }
            last_ids.extend(event_ids.last().cloned());
        }
        let new_versions = appends.iter().map(|append| column(append.new_version())).collect();
        Self { recorded_at: text, event_ids, sequences, leaves, last_ids, new_versions }
    }

    fn texts<'a>(&'a self, appends: &[&'a Append]) -> Texts<'a> {
        let mut texts = Texts::default();
        let mut ids = self.event_ids.iter();
        for append in appends {
            for event in &append.events {
                let Some(event_id) = ids.next() else { break };
                texts.aggregate_types.push(append.aggregate_type);
                texts.aggregate_ids.push(&append.aggregate_id);
                texts.event_types.push(event.event_type);
                texts.event_versions.push(&event.event_version);
                texts.payloads.push(&event.payload);
                texts.metadata.push(&event.metadata);
                for person in append.personal_of(event) {
                    texts.personal.event_ids.push(event_id);
                    texts.personal.commitments.push(&person.commitment);
                    texts.personal.subjects.push(&person.subject);
                    texts.personal.salts.push(person.value.salt());
                    texts.personal.values.push(person.value.text());
                }
            }
        }
        for ((append, last_id), version) in appends.iter().zip(&self.last_ids).zip(&self.new_versions) {
            if let Some(name) = &append.idempotency {
                texts.named.keys.push(&name.key);
                texts.named.digests.push(&name.request_digest);
                texts.named.aggregate_types.push(append.aggregate_type);
                texts.named.aggregate_ids.push(&append.aggregate_id);
                texts.named.versions.push(*version);
                texts.named.event_ids.push(last_id);
            }
        }
        texts
    }
}

/// The columns, one array each.
#[derive(Default)]
struct Texts<'a> {
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    personal: PersonalTexts<'a>,
    named: NamedTexts<'a>,
}

#[derive(Default)]
struct PersonalTexts<'a> {
    event_ids: Vec<&'a str>,
    commitments: Vec<&'a str>,
    subjects: Vec<&'a str>,
    salts: Vec<&'a [u8]>,
    values: Vec<&'a str>,
}

#[derive(Default)]
struct NamedTexts<'a> {
    keys: Vec<&'a str>,
    digests: Vec<&'a [u8]>,
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    versions: Vec<i64>,
    event_ids: Vec<&'a str>,
}

impl Texts<'_> {
    /// Whether there are neither personal values nor named commands.
    fn is_plain(&self) -> bool {
        self.personal.event_ids.is_empty() && self.named.keys.is_empty()
    }

    /// The number of the one event that there is, appended; none, and nothing done, when there is more than that.
    async fn insert_single(
        &self,
        connection: &mut PgConnection,
        rows: &Rows,
    ) -> Result<Option<i64>, sqlx::Error> {
        let ([event_id], [sequence], [leaf]) =
            (rows.event_ids.as_slice(), rows.sequences.as_slice(), rows.leaves.as_slice())
        else {
            return Ok(None);
        };
        if !self.is_plain() {
            return Ok(None);
        }
        sqlx::query_scalar(include_str!("insert_event.sql"))
            .bind(self.aggregate_types.first())
            .bind(self.aggregate_ids.first())
            .bind(sequence)
            .bind(self.event_types.first())
            .bind(self.event_versions.first())
            .bind(self.payloads.first())
            .bind(self.metadata.first())
            .bind(event_id)
            .bind(leaf.as_slice())
            .bind(&rows.recorded_at)
            .fetch_one(connection)
            .await
            .map(Some)
    }

    async fn insert(
        &self,
        connection: &mut PgConnection,
        rows: &Rows,
    ) -> Result<Vec<(String, i64)>, sqlx::Error> {
        let leaves: Vec<&[u8]> = rows.leaves.iter().map(<[u8; 32]>::as_slice).collect();
        let plain = self.is_plain();
        let statement =
            if plain { include_str!("insert_plain_events.sql") } else { include_str!("insert_events.sql") };
        let mut insert = sqlx::query_as(statement)
            .bind(&self.aggregate_types)
            .bind(&self.aggregate_ids)
            .bind(&rows.sequences)
            .bind(&self.event_types)
            .bind(&self.event_versions)
            .bind(&self.payloads)
            .bind(&self.metadata)
            .bind(&rows.event_ids)
            .bind(leaves)
            .bind(&rows.recorded_at);
        if !plain {
            insert = insert
                .bind(&self.personal.event_ids)
                .bind(&self.personal.commitments)
                .bind(&self.personal.subjects)
                .bind(&self.personal.salts)
                .bind(&self.personal.values)
                .bind(&self.named.keys)
                .bind(&self.named.digests)
                .bind(&self.named.aggregate_types)
                .bind(&self.named.aggregate_ids)
                .bind(&self.named.versions)
                .bind(&self.named.event_ids);
        }
        insert.fetch_all(connection).await
    }
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
