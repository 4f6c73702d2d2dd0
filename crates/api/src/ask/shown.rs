//! What has come of a command: its place in the log, and who shows or applies it already.

use domain::Position;
use eventlog::{Place, Stored};

use super::{Ask, Effect};
use crate::{guard::Needs, problem::Problem, receipt::ReceiptView};

impl<P: Needs, W, Q> Ask<P, W, Q> {
    /// The event that brought an aggregate to a version.
    pub(crate) async fn event_of<A: Stored>(&self, id: A::Id, version: u64) -> Result<A::Event, Problem> {
        let event = self.log().event::<A>(id, version).await.map_err(|failure| Problem::failed(&failure))?;
        event.ok_or_else(Problem::unavailable)
    }

    /// The position of a place, if it gets one before the time is up.
    pub(super) async fn position(&self, place: Place) -> Option<Position> {
        self.log().position(place, self.door().settings().visible_wait).await.ok()
    }

    /// Waits until reads show everything that is on record of these aggregates.
    pub(crate) async fn caught_up<A: Stored>(&self) -> Result<(), Problem> {
        let head = self.log().head();
        if self.visible(head, Some(A::TYPE)).await { Ok(()) } else { Err(Problem::unavailable()) }
    }

    /// Whether the read models show an effect before the time is up. One without a position is shown nowhere yet.
    pub(crate) async fn shows<Id>(&self, effect: &Effect<Id>) -> bool {
        let _follows = self.log().follow_through();
        match effect.position {
            Some(position) => self.visible(position, effect.aggregate_type).await,
            None => false,
        }
    }

    /// What the gateways say of an effect, if the caller waits for that.
    pub(crate) async fn receipt<Id>(&self, effect: &Effect<Id>) -> Option<ReceiptView> {
        if !self.manner.wait_applied {
            return None;
        }
        let Some(position) = effect.position else { return Some(ReceiptView::without_position()) };
        let (nodes, at_most) = (self.door().nodes(), self.door().settings().applied_wait);
        Some(nodes.applied(position, at_most).await.into())
    }

    /// Whether the read models show the position before the time is up.
    pub(super) async fn visible(&self, position: Position, aggregate_type: Option<&str>) -> bool {
        let at_most = self.door().settings().visible_wait;
        match aggregate_type {
            Some(of) => self.visibility().wait_for_effect(position, of, at_most).await,
            None => self.visibility().wait_for(position, at_most).await,
        }
    }
}
