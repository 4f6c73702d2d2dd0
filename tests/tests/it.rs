//! The whole system through its doors. One binary, so that it is linked once; one module a subject.

mod it {
    mod calls;
    mod cli;
    mod clock;
    mod crash;
    mod envoy;
    mod harness;
    mod limits;
    mod rotation;
    mod secrets;
    mod start;
    mod structure;
}
