//! The streams: made when they are missing, brought up to date where that is possible, refused where it is not.

use std::time::Duration;

use async_nats::jetstream::{
    self, ErrorCode,
    context::{GetStreamErrorKind, UpdateStreamError, UpdateStreamErrorKind},
    stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType, Stream},
};
use domain::Position;
use tracing::info;

use super::{Bus, BusFailure};

/// The copy of the log: stream sequence = position.
pub const EVENTS_STREAM: &str = "TOLLGATE_EVENTS";
pub const EVENTS_SUBJECTS: &str = "tollgate.events.v1.>";
/// Usage batches on their way from gateways to the projection.
pub const USAGE_STREAM: &str = "TOLLGATE_USAGE";
pub const USAGE_SUBJECTS: &str = "tollgate.usage.v1.>";

/// In the metadata of the stream of events: the leaf hash of event 1 of the log that it is a copy of.
const LOG_IDENTITY: &str = "tollgate_log";
/// A gateway that got no answer publishes the batch again; the longer this is, the less is left to the projection.
const USAGE_DUPLICATE_WINDOW: Duration = Duration::from_mins(10);

/// The stream of events as it stands.
#[derive(Debug)]
pub(super) struct EventsStream {
    pub(super) stream: Stream,
    /// Whether this call has made it: then everything in it is a refill.
    pub(super) made: bool,
}

impl EventsStream {
    fn info(&self) -> &Info {
        self.stream.cached_info()
    }

    pub(super) fn last(&self) -> Position {
        Position::new(self.info().state.last_sequence)
    }

    pub(super) fn takes_batches(&self) -> bool {
        self.info().config.allow_atomic_publish
    }

    /// The first leaf of the log that it was made for; none while that log was empty.
    pub(super) fn log_identity(&self) -> Option<&str> {
        self.info().config.metadata.get(LOG_IDENTITY).map(String::as_str)
    }
}

impl Bus {
    /// The stream of events, made to begin at `first` when it is missing.
    pub(super) async fn events_stream(
        &self,
        identity: Option<&str>,
        first: Position,
    ) -> Result<EventsStream, BusFailure> {
        let settings = self.settings();
        let history = settings.history_events_max.and_then(|events| i64::try_from(events).ok());
        let wanted = |config: &mut Config, last: u64| {
            config.description = Some("The log of Tollgate: a copy, its sequence is the position".to_owned());
            config.subjects = vec![EVENTS_SUBJECTS.to_owned()];
            config.storage = StorageType::File;
            config.retention = RetentionPolicy::Limits;
            config.discard = DiscardPolicy::Old;
            config.num_replicas = settings.replicas;
            config.max_messages = history.unwrap_or(-1);
            config.max_age = Duration::ZERO;
            // The server's own bound is enough: an event too large for the stream would hold up all that follow.
            config.max_message_size = -1;
            // One event that is taken away would be a gap for ever. A purge is allowed: it is how an operator makes
            // room, and followers refill from the log.
            config.deny_delete = true;
            config.allow_direct = true;
            config.allow_atomic_publish = true;
            if let (Some(identity), 0) = (identity, last) {
                // Never put on a stream that holds anything: it says whose events those are.
                config.metadata.entry(LOG_IDENTITY.to_owned()).or_insert_with(|| identity.to_owned());
            }
        };
        let (stream, made) = self.provision(EVENTS_STREAM, first.get(), wanted).await?;
        Ok(EventsStream { stream, made })
    }

    /// The stream of usage batches, made to number from `first` when it is missing.
    pub(super) async fn usage_stream(&self, first: u64) -> Result<Stream, BusFailure> {
        let settings = self.settings();
        let wanted = |config: &mut Config, _last: u64| {
            config.description = Some("Usage batches of the gateways".to_owned());
            config.subjects = vec![USAGE_SUBJECTS.to_owned()];
            config.storage = StorageType::File;
            // Not a work queue: an acknowledged batch stays for its age, so that a projection restored from a backup
            // finds what it lacks.
            config.retention = RetentionPolicy::Limits;
            config.discard = DiscardPolicy::Old;
            config.num_replicas = settings.replicas;
            config.max_age = settings.usage_age_max;
            config.duplicate_window = USAGE_DUPLICATE_WINDOW.min(settings.usage_age_max);
            config.deny_delete = true;
        };
        Ok(self.provision(USAGE_STREAM, first, wanted).await?.0)
    }

    /// The stream with this name under a wanted configuration, and whether it had to be made. What we do not want
    /// anything of (placement, compression, limits of bytes) stays as the operator has set it.
    async fn provision(
        &self,
        name: &'static str,
        first: u64,
        wanted: impl Fn(&mut Config, u64),
    ) -> Result<(Stream, bool), BusFailure> {
        match self.jetstream().get_stream(name).await {
            Ok(stream) => {
                let Info { config: there, state, .. } = stream.cached_info();
                let mut config = there.clone();
                wanted(&mut config, state.last_sequence);
                refuse_another_kind(name, there, &config)?;
                if config == *there {
                    return Ok((stream, false));
                }
                self.update(name, config).await?;
                let updated = self.jetstream().get_stream(name).await;
                Ok((updated.map_err(|error| BusFailure::stream("asking after", name, error))?, false))
            }
            Err(error) if is_missing(&error.kind()) => Ok((self.make(name, first, wanted).await?, true)),
            Err(error) => Err(self.failed("asking after", name, error)),
        }
    }

    async fn make(
        &self,
        name: &'static str,
        first: u64,
        wanted: impl Fn(&mut Config, u64),
    ) -> Result<Stream, BusFailure> {
        let mut config = Config {
            name: name.to_owned(),
            // The server takes 0 and 1 for the same and keeps neither.
            first_sequence: (first > 1).then_some(first),
            ..Config::default()
        };
        wanted(&mut config, 0);
        let made = self.jetstream().create_stream(config).await;
        let stream = made.map_err(|error| BusFailure::stream("making", name, error))?;
        info!(stream.name = name, stream.first = first, "Made the stream {name}, beginning at {first}");
        Ok(stream)
    }

    async fn update(&self, name: &'static str, config: Config) -> Result<(), BusFailure> {
        let updated = self.jetstream().update_stream(config).await;
        updated.map_err(|error| refused_update(name, error))?;
        info!(stream.name = name, "Brought the configuration of the stream {name} up to date");
        Ok(())
    }
}

/// What a server changes in no stream, said in our words before it says so in its own.
fn refuse_another_kind(stream: &'static str, there: &Config, wanted: &Config) -> Result<(), BusFailure> {
    let unusable = |why: &str| Err(BusFailure::Unusable { stream, why: why.to_owned() });
    if there.storage != wanted.storage {
        return unusable("it is kept in memory, not in files");
    }
    if there.retention != wanted.retention {
        return unusable("it drops messages that its consumers have seen");
    }
    if there.sealed {
        return unusable("it is sealed");
    }
    if there.mirror.is_some() || there.sources.is_some() || there.subject_transform.is_some() {
        return unusable("it takes its messages from another stream");
    }
    Ok(())
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// A refusal of the server says why for ever; everything else may pass.
fn refused_update(stream: &'static str, error: UpdateStreamError) -> BusFailure {
    match error.kind() {
        UpdateStreamErrorKind::JetStream(refused) if is_refusal(&refused) => {
            BusFailure::Unusable { stream, why: refused.to_string() }
        }
        _ => BusFailure::stream("bringing up to date", stream, error),
    }
}

fn is_refusal(error: &jetstream::Error) -> bool {
    [ErrorCode::STREAM_INVALID_CONFIG, ErrorCode::STREAM_INVALID].contains(&error.error_code())
}
