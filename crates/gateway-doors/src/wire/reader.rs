//! Reads protobuf where it lies: a question of Envoy has forty fields, of which nine are wanted.
//!
//! Derived code owns every text and every message around it: 13,000 instructions a question against 2,000.

/// Bytes that are no protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of protobuf")]
pub(crate) struct Malformed;

/// The fields of one message, in the order in which they were written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

/// A field whose value has a length: a text, bytes or a message. All others are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) value: &'a [u8],
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Numbers too. Those of a fixed length are still passed over: nothing that is wanted is written so.
    pub(crate) fn with_numbers(mut self) -> impl Iterator<Item = Result<(u64, Value<'a>), Malformed>> {
        std::iter::from_fn(move || self.next_value().transpose())
    }

    fn next_field(&mut self) -> Result<Option<Field<'a>>, Malformed> {
        loop {
            match self.next_value()? {
                Some((number, Value::Bytes(value))) => return Ok(Some(Field { number, value })),
                Some((_, Value::Number(_))) => {}
                None => return Ok(None),
            }
        }
    }

    fn next_value(&mut self) -> Result<Option<(u64, Value<'a>)>, Malformed> {
        while !self.rest.is_empty() {
            let key = self.varint()?;
            let number = key >> 3;
            match key & 7 {
                0 => return Ok(Some((number, Value::Number(self.varint()?)))),
                1 => {
                    self.take(8)?;
                }
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                    return Ok(Some((number, Value::Bytes(self.take(length)?))));
                }
                5 => {
                    self.take(4)?;
                }
                // Groups are of a protobuf that Envoy never spoke.
                _ => return Err(Malformed),
            }
        }
        Ok(None)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        // Nearly all are a byte long.
        if let Some((byte @ ..0x80, rest)) = self.rest.split_first() {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        let mut number = 0;
        for (at, byte) in self.rest.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.take(at + 1)?;
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_field().transpose()
    }
}

/// The last field on a way of field numbers through messages in messages.
pub(crate) fn at<'a>(message: &'a [u8], way: &[u64]) -> Result<Option<&'a [u8]>, Malformed> {
    let Some((first, rest)) = way.split_first() else { return Ok(Some(message)) };
    let mut found = None;
    for field in Fields::new(message) {
        let field = field?;
        if field.number == *first {
            found = at(field.value, rest)?.or(found);
        }
    }
    Ok(found)
}

/// An entry of a map, or a header: a key, and the value under that field number.
pub(crate) fn entry(message: &[u8], value_number: u64) -> Result<(&str, &[u8]), Malformed> {
    let (mut key, mut value) = ("", &[][..]);
    for field in Fields::new(message) {
        let field = field?;
        if field.number == 1 {
            key = utf8(field.value)?;
        } else if field.number == value_number {
            value = field.value;
        }
    }
    Ok((key, value))
}

/// A text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(bytes).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &[u8], expected: Result<&[(u64, &[u8])], Malformed>) {
        let read: Result<Vec<_>, _> =
            Fields::new(message).map(|field| field.map(|field| (field.number, field.value))).collect();
        assert_eq!(read.as_deref(), expected.as_ref().map(|fields| *fields), "{message:?}");
    }

    #[test]
    fn fields_with_a_length_are_read_and_others_passed_over() {
        check(&[], Ok(&[]));
        check(&[0x0a, 1, b'a', 0x12, 0], Ok(&[(1, b"a"), (2, b"")]));
        check(&[0x08, 0x96, 0x01, 0x0a, 1, b'a'], Ok(&[(1, b"a")]));
        check(&[0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x0d, 1, 2, 3, 4, 0x6a, 0], Ok(&[(13, b"")]));
        // A length may be written in more bytes than it needs.
        check(&[0x0a, 0x81, 0x00, b'a'], Ok(&[(1, b"a")]));
    }

    #[test]
    fn numbers_are_read_where_they_are_wanted() {
        let message = [0x08, 0x96, 0x01, 0x0a, 1, b'a', 0x0d, 1, 2, 3, 4, 0x10, 0];
        let read: Vec<_> = Fields::new(&message).with_numbers().map(Result::unwrap).collect();
        assert_eq!(read, [(1, Value::Number(150)), (1, Value::Bytes(b"a")), (2, Value::Number(0))]);
    }

    #[test]
    fn what_breaks_off_or_makes_no_sense_is_malformed() {
        for bytes in [
            &[0x0a][..],
            &[0x0a, 2, b'a'],
            &[0x0a, 0xff],
            &[0x08],
            &[0x08, 0x80],
            &[0x09, 1],
            &[0x0d, 1],
            &[0x0b],
            &[0x0f],
            &[0xff; 11],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            check(bytes, Err(Malformed));
        }
    }
}
