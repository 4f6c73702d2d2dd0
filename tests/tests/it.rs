//! The whole system through its doors. One binary, so that it is linked once; one module a subject.

#![expect(clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

mod it {
    mod answers;
    mod approvals;
    mod audit_proofs;
    mod bulk;
    mod calls;
    mod changes;
    mod claim;
    mod cli;
    mod clock;
    mod cluster;
    mod conformance;
    mod console;
    mod crash;
    mod doors;
    mod envoy;
    mod explained;
    mod faults;
    mod harness;
    mod inside_envoy;
    mod limits;
    mod notices;
    mod other_gateways;
    mod projections;
    mod rate_limit;
    mod readme;
    mod receipts;
    mod rotation;
    mod schemas;
    mod secrets;
    mod sign_in;
    mod simulate;
    mod start;
    mod structure;
    mod traces;
    mod transfer;
    mod wires;
}
