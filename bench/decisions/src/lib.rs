//! Gateways that know many keys. Apart from the other benchmarks, so that what counts a decision's instructions is built from the gateway alone.

pub mod population;
