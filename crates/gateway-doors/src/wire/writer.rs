//! Writes protobuf in one pass.
//!
//! An answer to Envoy has fifty small messages, one in the other. Derived code walks all of them for every length
//! that it writes, and owns every text: 17,000 instructions an answer. Here a length is filled in behind its message.

/// A message in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

/// How a field's value is laid out. Source: protobuf's encoding, "wire types".
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH: u64 = 2;

/// Of a message of gRPC: whether it is compressed, which none is, and its length in four bytes.
pub(crate) const PREFIX_BYTES: usize = 5;

/// As many bytes as are kept free for a length: up to 16,383.
const LENGTH_BYTES: usize = 2;

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// For a message that goes over gRPC, to be ended as [`Self::into_frame`].
    pub(crate) fn framed(bytes: usize) -> Self {
        let mut writer = Self::with_capacity(PREFIX_BYTES + bytes);
        writer.bytes.extend_from_slice(&[0; PREFIX_BYTES]);
        writer
    }

    pub(crate) fn into_frame(mut self) -> Frame {
        let message = self.bytes.len().saturating_sub(PREFIX_BYTES);
        if let Some([_, length @ ..]) = self.bytes.first_chunk_mut::<PREFIX_BYTES>() {
            // An answer has some thousand bytes.
            *length = u32::try_from(message).unwrap_or(u32::MAX).to_be_bytes();
        }
        Frame(self.bytes)
    }

    pub(crate) fn number(&mut self, field: u8, number: u64) {
        self.begin(field, VARINT, number);
    }

    pub(crate) fn double(&mut self, field: u8, number: f64) {
        self.key(field, FIXED64);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn text(&mut self, field: u8, text: &str) {
        self.begin(field, LENGTH, length(text.len()));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// As [`Self::message`], of which is known how many bytes `write` writes: nothing is left to fill in.
    pub(crate) fn message_of(&mut self, field: u8, bytes: usize, write: impl FnOnce(&mut Self)) {
        self.begin(field, LENGTH, length(bytes));
        let begun = self.bytes.len();
        write(self);
        debug_assert_eq!(self.bytes.len() - begun, bytes, "the length that was said");
    }

    pub(crate) fn message(&mut self, field: u8, write: impl FnOnce(&mut Self)) {
        self.key(field, LENGTH);
        let place = self.bytes.len();
        self.bytes.extend_from_slice(&[0x80, 0]);
        write(self);
        let written = self.bytes.len() - place - LENGTH_BYTES;
        // A varint may be longer than it must be, so a short length fits as well.
        if let (Ok(high), Some([first, second, ..])) =
            (u8::try_from(written >> 7), self.bytes.get_mut(place..))
            && high < 0x80
        {
            *first |= low_bits(length(written));
            *second = high;
        } else {
            let mut longer = vec![];
            push_varint(&mut longer, length(written));
            self.bytes.splice(place..place + LENGTH_BYTES, longer);
        }
    }

    /// A key and the number behind it: nearly always a byte each.
    fn begin(&mut self, field: u8, layout: u64, number: u64) {
        let key = u64::from(field) << 3 | layout;
        if key < 0x80 && number < 0x80 {
            self.bytes.extend_from_slice(&[low_bits(key), low_bits(number)]);
        } else {
            push_varint(&mut self.bytes, key);
            push_varint(&mut self.bytes, number);
        }
    }

    fn key(&mut self, field: u8, layout: u64) {
        push_varint(&mut self.bytes, u64::from(field) << 3 | layout);
    }
}

/// A message with its prefix: as gRPC sends it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &[u8] {
        self.0.get(PREFIX_BYTES..).unwrap_or_default()
    }
}

/// How many bytes a text or a message of so many takes, in a field below 16.
pub(crate) fn size_of(bytes: usize) -> usize {
    let (mut size, mut left) = (2 + bytes, bytes >> 7);
    while left > 0 {
        size += 1;
        left >>= 7;
    }
    size
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn low_bits(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    bytes.push(low_bits(number));
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::wire::ext_authz::{
        CheckResponse, DeniedHttpResponse, HeaderValue, HeaderValueOption, HttpResponse, HttpStatus,
        MetadataField, MetadataKind, MetadataValue, Struct,
    };

    #[test]
    fn a_message_whose_length_is_known_is_written_as_any_other() {
        for bytes in [0, 1, 123, 124, 125, 126, 127, 128, 300, 16_380, 16_384] {
            let text = "t".repeat(bytes);
            let (mut known, mut filled) = (Writer::framed(0), Writer::default());
            known.message_of(3, size_of(size_of(bytes)), |outer| {
                outer.message_of(1, size_of(bytes), |inner| inner.text(2, &text));
            });
            filled.message(3, |outer| outer.message(1, |inner| inner.text(2, &text)));
            let known = known.into_frame();
            let read = |bytes: &[u8]| Nested::decode(bytes).unwrap();
            assert_eq!(read(known.message()), read(&filled.into_bytes()), "{bytes}");
            let prefix = u32::try_from(known.message().len()).unwrap().to_be_bytes();
            assert_eq!(known.into_bytes().split_at(PREFIX_BYTES).0, [&[0][..], &prefix].concat());
        }
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct Nested {
        #[prost(message, optional, tag = "3")]
        outer: Option<Outer>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct Outer {
        #[prost(message, optional, tag = "1")]
        inner: Option<Inner>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct Inner {
        #[prost(string, tag = "2")]
        text: String,
    }

    /// Bodies around the length at which the place kept free is too small.
    #[test]
    fn what_is_written_is_what_is_read() {
        for size in [0, 1, 127, 128, 16_300, 16_370, 16_383, 16_384, 16_500, 70_000] {
            let body = "b".repeat(size);
            let mut writer = Writer::default();
            writer.message(2, |denied| {
                denied.message(1, |status| status.number(1, 429));
                denied.message(2, |option| {
                    option.message(1, |header| header.text(1, "retry-after"));
                    option.number(3, 2);
                });
                denied.text(3, &body);
            });
            writer.message(4, |metadata| {
                metadata.message(1, |field| {
                    field.text(1, "position");
                    field.message(2, |value| value.double(2, 7.5));
                });
            });
            let header = HeaderValue { key: "retry-after".into(), value: "".into() };
            let denied = DeniedHttpResponse {
                status: Some(HttpStatus { code: 429 }),
                headers: vec![HeaderValueOption { header: Some(header), append_action: 2 }],
                body,
            };
            let value = Some(MetadataValue { kind: Some(MetadataKind::Number(7.5)) });
            let expected = CheckResponse {
                status: None,
                http_response: Some(HttpResponse::Denied(denied)),
                dynamic_metadata: Some(Struct {
                    fields: vec![MetadataField { key: "position".into(), value }],
                }),
            };
            assert_eq!(CheckResponse::decode(&*writer.into_bytes()), Ok(expected), "{size}");
        }
    }
}
