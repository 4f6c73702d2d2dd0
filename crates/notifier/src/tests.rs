//! The notifier on a real log, real read models, a real outbox and real sockets: what happens is told, once, to whom it concerns.

mod crash;
mod erased;
mod harness;
mod letters;
mod once;
mod quotas;
mod reports;
mod webhooks;
