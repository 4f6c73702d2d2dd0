//! Which trace a piece of work belongs to: told by its correlation id alone, so that every process that sees the event
//! finds the same one.

use sha2::{Digest, Sha256};

/// A trace's id. Never all zeroes, which W3C calls invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceId([u8; 16]);

/// A span's id within its trace. Never all zeroes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpanId([u8; 8]);

/// Where work comes from: a span of ours, or of whoever called us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
}

impl TraceId {
    /// 32 hexadecimal digits are the trace's id itself: such a correlation id was taken from a `traceparent`. Any other
    /// is hashed.
    pub(super) fn of(correlation_id: &str) -> Self {
        if let Some(given) = Self::parse(correlation_id) {
            return given;
        }
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::digest(correlation_id)).for_each(|(to, from)| *to = from);
        Self(id)
    }

    pub(super) fn random() -> Self {
        Self(rand::random::<u128>().max(1).to_be_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok()?;
        (id != [0; 16]).then_some(Self(id))
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl SpanId {
    pub(super) fn random() -> Self {
        Self(rand::random::<u64>().max(1).to_be_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 8];
        hex::decode_to_slice(text, &mut id).ok()?;
        (id != [0; 8]).then_some(Self(id))
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl Origin {
    /// Of a `traceparent` header that was found well-formed: version, trace, span, flags. Source: W3C Trace Context §3.2.
    pub(super) fn of(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-').skip(1);
        let (trace, span) = (parts.next()?, parts.next()?);
        Some(Self { trace: TraceId::parse(trace)?, span: SpanId::parse(span)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_id_that_is_a_trace_id_is_that_trace() {
        let given = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(hex::encode(TraceId::of(given).to_vec()), given);
    }

    #[test]
    fn any_other_correlation_id_always_gives_the_same_trace() {
        // The first half of the SHA-256 of "req_1", as any other program computes it.
        let expected = &hex::encode(Sha256::digest("req_1"))[..32];
        assert_eq!(hex::encode(TraceId::of("req_1").to_vec()), expected);
        assert_ne!(TraceId::of("req_1"), TraceId::of("req_2"));
        let zeroes = "0".repeat(32);
        assert_ne!(hex::encode(TraceId::of(&zeroes).to_vec()), zeroes, "which is no trace's id");
    }

    #[test]
    fn the_caller_s_span_is_read_from_its_header() {
        let origin = Origin::of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(origin.trace, TraceId::of("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(hex::encode(origin.span.to_vec()), "00f067aa0ba902b7");
        assert_eq!(Origin::of("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"), None);
        assert_eq!(Origin::of("00"), None);
    }
}
