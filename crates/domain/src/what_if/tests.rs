//! Given calls, when replayed, then refusals.
