//! The verifier and the sign-in against a provider that does whatever it likes.

mod bearer;
mod hostile;
mod provider;
mod sign_in;
