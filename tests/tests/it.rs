//! The whole system through its doors. One binary, so that it is linked once; one module a subject.

mod it {
    mod clock;
    mod envoy;
    mod harness;
    mod structure;
}
