//! Given an organisation, when it is called, then.

mod access;
mod limits;
mod specificity;
mod splitting;
