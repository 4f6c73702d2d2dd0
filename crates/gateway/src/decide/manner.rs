//! Two ways to go through the questions about a call: one takes from limits, one only tells.

use domain::{decision::RefusalReason, explain::Check};

use super::{Caller, Grounds};
use crate::{
    counters::{Ask, Counters, Moment, Reserved},
    index::{assignments::Weighing, keys::quarantine::Quarantine},
    quota::shared::Patience,
};

/// How a call is gone through. The questions, and their order, are the same for all.
pub(crate) trait Manner<'a>: Weighing {
    fn find_caller(
        &mut self,
        grounds: &Grounds<'a>,
        secret: Option<&str>,
    ) -> Result<Caller<'a>, RefusalReason>;

    /// Hears the answer to a question, and hands it on.
    fn note<T>(&mut self, _check: Check, answer: Result<T, RefusalReason>) -> Result<T, RefusalReason> {
        answer
    }

    fn reserve(
        &mut self,
        grounds: &Grounds<'a>,
        asks: &[Ask<'_>],
        now: Moment,
        patience: Patience,
    ) -> Reserved {
        Counters::reserve(grounds.counters, asks, now, patience)
    }

    /// Takes one call of what a quarantine leaves, or tells how many seconds to wait.
    fn take_confined(&mut self, quarantine: &Quarantine, now_us: i64) -> Result<(), u64> {
        quarantine.take(now_us)
    }

    fn give_back(&mut self, quarantine: &Quarantine) {
        quarantine.give_back();
    }
}

/// Decides: the caller proves a secret, and what is granted is taken.
#[derive(Debug)]
pub(crate) struct Deciding;

impl Weighing for Deciding {}

impl<'a> Manner<'a> for Deciding {
    fn find_caller(
        &mut self,
        grounds: &Grounds<'a>,
        secret: Option<&str>,
    ) -> Result<Caller<'a>, RefusalReason> {
        Caller::prove(grounds, secret)
    }
}
