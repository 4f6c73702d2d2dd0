//! The questions that people and programs ask of the read models.

pub mod access_report;
pub mod addresses;
pub mod audit;
pub mod blast;
pub mod changes;
pub mod clients;
pub mod decisions;
pub mod endpoints;
pub mod grants;
pub mod hygiene;
pub mod keys;
pub mod leaks;
pub mod matching;
pub mod notification_rules;
pub mod operations;
pub mod order;
pub mod policies;
pub mod principals;
pub mod quota_levels;
pub mod quota_marks;
pub mod quotas;
pub mod rotation;
pub mod routes;
pub mod seconds;
pub mod secrets;
mod select;
pub mod shadow;
#[cfg(test)]
mod tests;
pub mod throttled;
pub mod throttling;
pub mod usage;
pub mod webhooks;

pub(crate) use select::Select;

/// One page of a list that is ordered by its key: what comes after it, at most so many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The key of the last item of the page before; none for the first page.
    pub after: Option<String>,
    pub limit: u32,
}

impl Page {
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}
