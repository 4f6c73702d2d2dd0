//! Signatures as others make and read them; attempts against a receiver that does what it is told.

mod attempts;
mod elsewhere;
mod signatures;
mod verification;

use domain::Timestamp;

use super::signature::Signer;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn now() -> Timestamp {
    "2022-04-07T21:39:13Z".parse().unwrap()
}

fn signer() -> Signer {
    Signer::Secret(SECRET.parse().unwrap())
}
