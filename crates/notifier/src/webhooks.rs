//! How a webhook is signed, sent and verified. Each is a function of what it is given; nothing here knows the queue.

pub mod send;
pub mod signature;
#[cfg(test)]
mod tests;
pub mod verify;
