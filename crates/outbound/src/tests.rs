//! What is called and what is not, and what becomes of a call.

mod addresses;
mod calls;
mod patterns;
mod policies;
