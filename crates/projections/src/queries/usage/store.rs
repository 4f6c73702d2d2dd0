//! Where usage is asked: one question, typed, of whatever store has the facts.

use std::future::Future;

use super::{ReportFailure, UsageQuery, UsageReport, report};
use crate::ReadModel;

/// A store of usage facts. What is asked is dimensions, filters, windows by the clock of a zone, a reach and a place to go on from; what
/// is measured is calls by outcome. The read model is one such; ADR 0044 says when another is due, and what it is asked.
pub trait UsageStore {
    /// # Errors
    /// When there would be too many windows, or the store cannot be read.
    fn usage(&self, query: &UsageQuery) -> impl Future<Output = Result<UsageReport, ReportFailure>> + Send;
}

impl UsageStore for ReadModel {
    fn usage(&self, query: &UsageQuery) -> impl Future<Output = Result<UsageReport, ReportFailure>> + Send {
        report(self, query)
    }
}
