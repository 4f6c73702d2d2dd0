//! What the tests of this crate share: events made by the rules themselves, and files in a directory that goes.

mod asks;
mod engines;
mod files;
mod history;

pub(crate) use asks::*;
pub(crate) use engines::*;
pub(crate) use files::*;
pub(crate) use history::*;
