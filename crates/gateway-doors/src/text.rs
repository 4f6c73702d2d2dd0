//! Texts that every answer has, written without the machinery of formatting: it cost more than the decision.

/// Crockford's base 32, in the lower case that identifiers print in.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
const PREFIX: usize = 3;

/// An identifier as it prints.
pub(crate) struct IdText([u8; PREFIX + 1 + DIGITS]);

impl IdText {
    /// Of a prefix of three letters and the identifier's bits.
    fn new(prefix: &str, bits: u128) -> Self {
        let mut text = [b'_'; PREFIX + 1 + DIGITS];
        let (name, digits) = text.split_at_mut(PREFIX + 1);
        for (place, letter) in name.iter_mut().zip(prefix.bytes().take(PREFIX)) {
            *place = letter;
        }
        // Twelve digits at a time, so that most of it is done in 64 bits.
        let mut bits = bits;
        for digits in digits.rchunks_mut(12) {
            let mut low = u64::try_from(bits & 0x0fff_ffff_ffff_ffff).unwrap_or_default();
            bits >>= 60;
            for digit in digits.iter_mut().rev() {
                let value = usize::try_from(low & 31).unwrap_or_default();
                *digit = BASE32.get(value).copied().unwrap_or_default();
                low >>= 5;
            }
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

macro_rules! id_text {
    ($($id:ty),+ $(,)?) => {
        $(impl From<$id> for IdText {
            fn from(id: $id) -> Self { Self::new(<$id>::PREFIX, id.to_u128()) }
        })+
    };
}
id_text!(domain::ClientId, domain::KeyId, domain::RouteId, domain::PolicyId, domain::ids::DecisionId);

/// Writes a number in decimal.
pub(crate) fn push_decimal(text: &mut String, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        begin -= 1;
        if number == 0 {
            break;
        }
    }
    text.push_str(digits.get(begin..).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use domain::{ClientId, ids::DecisionId};

    use super::*;

    #[test]
    fn an_identifier_reads_as_it_prints() {
        for bits in [0, 1, 31, 32, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let (client, decision) = (ClientId::from_u128(bits), DecisionId::from_u128(bits));
            assert_eq!(IdText::from(client).as_str(), client.to_string());
            assert_eq!(IdText::from(decision).as_str(), decision.to_string());
        }
    }

    #[test]
    fn a_number_reads_as_it_prints() {
        for number in [0, 7, 10, 99, 100, 86_400, 1_000_000_000_000, u64::MAX] {
            let mut text = String::new();
            push_decimal(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }
}
