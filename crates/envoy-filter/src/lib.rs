//! The gateway inside Envoy: a dynamic module whose HTTP filter judges calls in Envoy's own workers, by the same core as every
//! other door, with threads of its own that follow the log and tell usage.
//!
//! | room | what is in it |
//! |---|---|
//! | `ffi` | Envoy's interface, and all that is unsafe |
//! | `config`, `settings` | what the configuration says |
//! | `filter` | one call, from its headers to its end |
//! | `node` | the gateway node of this process, shared by all configurations that say the same of it |
//! | `log` | this program's log lines, as Envoy's |

mod config;
mod ffi;
mod filter;
mod log;
mod node;
mod settings;
