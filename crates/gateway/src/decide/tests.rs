//! Given an organisation, when it is called, then.

mod access;
mod explain;
mod foreign;
mod limits;
mod metered;
mod properties;
mod resets;
mod specificity;
mod splitting;
mod what_if;
