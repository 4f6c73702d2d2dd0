//! The truth and its copy in motion: the event store, its one order, the feeds that follow it, usage batches.

mod append;
pub mod bus;
pub mod canonical;
pub mod changes;
mod codec;
mod events;
mod execute;
mod failure;
mod feed;
pub mod installation;
mod live;
mod log;
pub mod merkle;
pub mod postgres;
mod rehearse;
mod replay;
mod repository;
pub mod sqlite;
mod stored;
mod tail;
pub mod transfer;
pub mod upcast;
pub mod usage;
mod warm;

pub use codec::Stored;
pub use execute::{Execute, ExecuteError, Executed, Idempotency, Loaded, Past, Place, Remembered};
pub use failure::{LogFailure, OpenFailure};
pub use feed::EventFeed;
pub use live::{Live, LiveEvent};
pub use log::EventLog;
pub use rehearse::Rehearsed;
pub use replay::{Events, Replayed, Stretch, Wanted};
pub use repository::LogRepository;
pub use stored::StoredEvent;
pub use tail::Batch;
