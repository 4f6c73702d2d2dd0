//! A command that is decided and not appended: what it would do.

use crate::{EventLog, Execute, ExecuteError, Stored, log::decide};

/// What a command would do if it were given now.
#[derive(Clone, Debug)]
pub struct Rehearsed<A: Stored> {
    /// What it was decided on; 0 for what is not there yet.
    pub version: u64,
    /// None where there is nothing new to say.
    pub events: Vec<A::Event>,
}

impl<A: Stored> Rehearsed<A> {
    /// The version that the events would make.
    #[must_use]
    pub fn new_version(&self) -> u64 {
        self.version.saturating_add(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }
}

impl EventLog {
    /// Decides a command on the aggregate as the store has it, and leaves it at that: nothing is appended, and nothing
    /// is remembered of it. Whoever gives it in earnest may come too late.
    ///
    /// # Errors
    /// As [`Self::execute`], but for a repetition: the command's own name is not looked at.
    pub async fn rehearse<A: Stored>(
        &self,
        ask: &Execute<A>,
    ) -> Result<Rehearsed<A>, ExecuteError<A::Refusal>> {
        // What is warm may be behind another instance, and no append is going to find out.
        let loaded = self.load_stored::<A>(&ask.id.to_string()).await?;
        let events = decide(ask, &loaded)?;
        Ok(Rehearsed { version: loaded.version, events })
    }
}
