//! The doors around the gateway's core: how proxies ask whether a call may pass.
mod credential;
mod door;
mod ext_authz;
mod forward_auth;
pub mod headers;
mod health;
mod path;
mod refuse;
mod router;
mod serve;
#[cfg(test)]
mod testing;
mod verify;
pub mod wire;

pub use door::Door;
pub use ext_authz::ExtAuthz;
pub use refuse::{Problem, ProblemDoc, problems};
pub use router::router;
pub use serve::{ServeFailure, serve};
pub use verify::{VerifyAnswer, VerifyLimit, VerifyRequest, openapi, verify_router};
