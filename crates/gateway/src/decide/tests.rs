//! Given an organisation, when it is called, then.

mod access;
mod explain;
mod limits;
mod properties;
mod resets;
mod specificity;
mod splitting;
