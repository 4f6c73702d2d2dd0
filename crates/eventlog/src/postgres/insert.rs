//! One statement for the appends of many commands.

use domain::Timestamp;
use sqlx::PgConnection;

use super::read;
use crate::append::{Append, AppendRefused, Appended, new_event_id};

/// What one command's append came to.
pub(super) type Inserted = Result<Appended, AppendRefused>;

/// Where the events of a group came to lie.
pub(super) struct Group {
    /// Of each append.
    pub(super) appended: Vec<Appended>,
    /// Positions that were given, in order, with the numbers of their events.
    pub(super) placed: Vec<(i64, i64)>,
}

/// What becomes of the positions of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Positions {
    /// The sequencer gives them.
    Queued,
    /// They are given here and now.
    Given,
}

/// An event's number and its position: the group's own come last, in the order in which they were given.
type Answered = (i64, Option<i64>);

/// Appends all of them or none; each has at least one event.
///
/// # Errors
/// When one of them conflicts with what is there, told by the constraint's name, or the server failed.
pub(super) async fn all(
    connection: &mut PgConnection,
    appends: &[&Append],
    rows: &Rows,
    positions: Positions,
) -> Result<Group, sqlx::Error> {
    let texts = rows.texts(appends);
    let answered = match positions {
        Positions::Given => texts.insert(connection, rows, include_str!("place_events.sql")).await?,
        Positions::Queued if texts.is_one() => texts.insert_one(connection, rows).await?,
        Positions::Queued => texts.insert(connection, rows, include_str!("insert_events.sql")).await?,
    };
    let others = answered.len().saturating_sub(rows.event_ids.len());
    let own = answered.get(others..).unwrap_or_default();
    let place_of = |place: &i64| {
        let at = usize::try_from(*place).ok().and_then(|place| own.get(place.checked_sub(1)?));
        let (event_no, position) = at.ok_or(sqlx::Error::RowNotFound)?;
        Ok(Appended { last: read::place(*event_no, *position) })
    };
    let appended = rows.last_places.iter().map(place_of).collect::<Result<_, sqlx::Error>>()?;
    let placed = answered.iter().filter_map(|(event_no, position)| Some(((*position)?, *event_no)));
    Ok(Group { appended, placed: placed.collect() })
}

/// What a command that had nothing to append rests on; a conflict when its aggregate has moved on.
pub(super) async fn nothing(
    connection: &mut PgConnection,
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
        .fetch_optional(connection)
        .await?;
    let appended = |(event_no, position)| Appended { last: read::place(event_no, position) };
    Ok(found.map(appended).ok_or(AppendRefused::Conflict))
}

/// What has to be computed: identifiers, sequences, hashes.
pub(super) struct Rows {
    recorded_at: String,
    event_ids: Vec<String>,
    sequences: Vec<i64>,
    leaves: Vec<[u8; 32]>,
    /// Of each append: the place of its last event among all, from 1.
    last_places: Vec<i64>,
    new_versions: Vec<i64>,
}

impl Rows {
    pub(super) fn of(appends: &[&Append], recorded_at: Timestamp) -> Self {
        let text = recorded_at.to_string();
        let (mut event_ids, mut sequences, mut leaves) = (vec![], vec![], vec![]);
        let mut last_places = Vec::with_capacity(appends.len());
        for append in appends {
            for (event, sequence) in append.events.iter().zip(append.version.saturating_add(1)..) {
                let event_id = new_event_id(recorded_at).to_string();
                leaves.push(append.leaf(event, sequence, &event_id, &text));
                sequences.push(column(sequence));
                event_ids.push(event_id);
            }
            last_places.push(i64::try_from(event_ids.len()).unwrap_or(i64::MAX));
        }
        let new_versions = appends.iter().map(|append| column(append.new_version())).collect();
        Self { recorded_at: text, event_ids, sequences, leaves, last_places, new_versions }
    }

    fn texts<'a>(&'a self, appends: &[&'a Append]) -> Texts<'a> {
        let mut texts = Texts::default();
        let mut places = 1..;
        for append in appends {
            for event in &append.events {
                let Some(place) = places.next() else { break };
                texts.aggregate_types.push(append.aggregate_type);
                texts.aggregate_ids.push(&append.aggregate_id);
                texts.event_types.push(event.event_type);
                texts.event_versions.push(&event.event_version);
                texts.payloads.push(&event.payload);
                texts.metadata.push(&event.metadata);
                for person in append.personal_of(event) {
                    texts.personal.places.push(place);
                    texts.personal.commitments.push(&person.commitment);
                    texts.personal.subjects.push(&person.subject);
                    texts.personal.salts.push(person.value.salt());
                    texts.personal.values.push(person.value.text());
                }
            }
        }
        for ((append, last), version) in appends.iter().zip(&self.last_places).zip(&self.new_versions) {
            if let Some(name) = &append.idempotency {
                texts.named.keys.push(&name.key);
                texts.named.digests.push(&name.request_digest);
                texts.named.aggregate_types.push(append.aggregate_type);
                texts.named.aggregate_ids.push(&append.aggregate_id);
                texts.named.versions.push(*version);
                texts.named.places.push(*last);
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
    places: Vec<i64>,
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
    places: Vec<i64>,
}

impl Texts<'_> {
    /// One event, without personal values, of a command without a name.
    fn is_one(&self) -> bool {
        self.payloads.len() == 1 && self.personal.places.is_empty() && self.named.places.is_empty()
    }

    async fn insert_one(
        &self,
        connection: &mut PgConnection,
        rows: &Rows,
    ) -> Result<Vec<Answered>, sqlx::Error> {
        sqlx::query_as(include_str!("insert_event.sql"))
            .bind(self.aggregate_types.first())
            .bind(self.aggregate_ids.first())
            .bind(rows.sequences.first())
            .bind(self.event_types.first())
            .bind(self.event_versions.first())
            .bind(self.payloads.first())
            .bind(self.metadata.first())
            .bind(rows.event_ids.first())
            .bind(rows.leaves.first().map(<[u8; 32]>::as_slice))
            .bind(&rows.recorded_at)
            .fetch_all(connection)
            .await
    }

    async fn insert(
        &self,
        connection: &mut PgConnection,
        rows: &Rows,
        statement: &'static str,
    ) -> Result<Vec<Answered>, sqlx::Error> {
        let leaves: Vec<&[u8]> = rows.leaves.iter().map(<[u8; 32]>::as_slice).collect();
        sqlx::query_as(statement)
            .bind(&self.aggregate_types)
            .bind(&self.aggregate_ids)
            .bind(&rows.sequences)
            .bind(&self.event_types)
            .bind(&self.event_versions)
            .bind(&self.payloads)
            .bind(&self.metadata)
            .bind(&rows.event_ids)
            .bind(leaves)
            .bind(&rows.recorded_at)
            .bind(&self.personal.places)
            .bind(&self.personal.commitments)
            .bind(&self.personal.subjects)
            .bind(&self.personal.salts)
            .bind(&self.personal.values)
            .bind(&self.named.keys)
            .bind(&self.named.digests)
            .bind(&self.named.aggregate_types)
            .bind(&self.named.aggregate_ids)
            .bind(&self.named.versions)
            .bind(&self.named.places)
            .fetch_all(connection)
            .await
    }
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
