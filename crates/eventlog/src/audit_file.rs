//! An export that proves itself: a run of the log as it is audited, up to a signed checkpoint. Source: ADR 0033.
//!
//! One JSON object a line. First what is in it and the hashes of all that lies before; then, for each tile of at most 256
//! leaves, their hashes and the events that they are of; last the signed checkpoint, and the proof that its log begins with
//! what was shown. Nothing else is needed to check it, and nobody has to be asked.

mod export;
mod line;
mod report;
mod verify;

pub use export::{Export, Exported};
pub use report::{Finding, Outcome, Report};
pub use verify::verify;

/// The leaves of a tile: those that one hash of the eighth level is over.
const TILE: u64 = 256;

/// The last position of the tile that a position is in.
fn end_of_tile(position: u64) -> u64 {
    position.saturating_add(TILE - 1) / TILE * TILE
}
