//! Our aggregates as cqrs-es sees them: `handle` is an adapter of the pure `decide`.

use cqrs_es::{DomainEvent as CqrsEvent, event_sink::EventSink};
use domain::{Aggregate, EventType};
use serde::{Deserialize, Serialize};

/// An aggregate in cqrs-es' clothes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Live<A: Aggregate>(pub A);

/// An event in cqrs-es' clothes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct LiveEvent<E: EventType>(pub E);

impl<E: EventType> CqrsEvent for LiveEvent<E> {
    fn event_type(&self) -> String {
        self.0.event_type().to_owned()
    }

    fn event_version(&self) -> String {
        self.0.event_version().to_string()
    }
}

impl<A: Aggregate> cqrs_es::Aggregate for Live<A> {
    const TYPE: &'static str = A::TYPE;
    type Command = A::Command;
    type Event = LiveEvent<A::Event>;
    type Error = A::Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: A::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), A::Refusal> {
        for event in self.0.decide(&command)? {
            sink.write(LiveEvent(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0.apply(&event.0);
    }
}
