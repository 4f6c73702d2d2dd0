//! From how many addresses calls came, when nobody wants to know from which.

use std::{borrow::Cow, net::IpAddr, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use datasketches::{
    hash::value::raw_bytes,
    hll::{HllSketch, HllType, HllUnion},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{ClientId, Environment, InvalidValue, secret::Peppers};

/// 2^11 registers are off by 1.04 / √2^11 = 2.3 % as a rule.
const LG_REGISTERS: u8 = 11;

/// The addresses that one client's genuine secrets were presented from in one environment on one day, whatever became of the calls, as
/// far as they are not told of before. Those of several batches and nodes are put together; to tell one twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressFact {
    /// The start of the day of UTC, in Unix seconds: a multiple of 86,400.
    pub day: i64,
    pub client_id: ClientId,
    pub environment: Environment,
    pub sketch: AddressSketch,
}

/// A set of addresses of which only the size can be told. Of up to some hundred it is exact or nearly so, beyond that off by 2.3 % as a rule
/// (`HyperLogLog` of 2^11 registers). An IPv6 address counts as its network of 64 bits, within which one machine may change it at will.
///
/// Written it is base64 of the bytes that Apache `DataSketches` knows as an HLL sketch: less than 2 kB.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct AddressSketch(HllUnion);

impl AddressSketch {
    /// How far [`Self::size`] is off as a rule, in percent: one standard error.
    pub const ERROR_PERCENT: f64 = 2.3;

    /// The address as it counts.
    #[must_use]
    pub fn counted(address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                IpAddr::V6(network.into())
            }
        }
    }

    pub fn add(&mut self, address: IpAddr, peppers: &Peppers) {
        let pseudonym = peppers.pseudonym(Self::counted(address));
        self.0.update_value(raw_bytes::from_slice(&pseudonym.to_be_bytes()));
    }

    /// Takes in what another has. Answers whether that made a difference that can be told.
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = self.0.composite_estimate();
        self.0.update(&other.0.to_sketch(HllType::Hll8));
        self.0.composite_estimate() > before
    }

    /// How many addresses, whatever the order in which they came.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = self.0.composite_estimate().round();
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, and far below 2^53"
        )]
        let size = size as u64;
        size
    }

    /// So many characters is it at most when it is written.
    #[must_use]
    pub fn chars_max(&self) -> usize {
        self.0.estimated_size().saturating_add(100).div_ceil(3).saturating_mul(4)
    }
}

impl Default for AddressSketch {
    #[expect(clippy::expect_used, reason = "refused are only numbers of registers below 2^4 and above 2^21")]
    fn default() -> Self {
        Self(HllUnion::new(LG_REGISTERS).expect("a number of registers that there is"))
    }
}

impl From<AddressSketch> for String {
    fn from(AddressSketch(sketch): AddressSketch) -> Self {
        BASE64_STANDARD.encode(sketch.to_sketch(HllType::Hll4).serialize())
    }
}

impl TryFrom<Cow<'_, str>> for AddressSketch {
    type Error = InvalidValue;

    fn try_from(text: Cow<'_, str>) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl FromStr for AddressSketch {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let bytes = BASE64_STANDARD.decode(text.as_bytes()).ok();
        let read = bytes.and_then(|bytes| HllSketch::deserialize(&bytes).ok());
        let read = read.filter(|sketch| sketch.lg_config_k() == LG_REGISTERS);
        let read =
            read.ok_or_else(|| InvalidValue::expected("must be an HLL sketch of 2^11 registers in base64"))?;
        let mut sketch = Self::default();
        sketch.0.update(&read);
        Ok(sketch)
    }
}

impl PartialEq for AddressSketch {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_sketch(HllType::Hll8) == other.0.to_sketch(HllType::Hll8)
    }
}

impl Eq for AddressSketch {}

impl JsonSchema for AddressSketch {
    fn schema_name() -> Cow<'static, str> {
        "AddressSketch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "description": "An HLL sketch of 2^11 registers as Apache DataSketches writes it.",
        })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn peppers() -> Peppers {
        Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap()
    }

    fn of(addresses: impl IntoIterator<Item = u32>) -> AddressSketch {
        let (mut sketch, peppers) = (AddressSketch::default(), peppers());
        addresses.into_iter().for_each(|bits| sketch.add(IpAddr::V4(bits.into()), &peppers));
        sketch
    }

    fn written_and_read(sketch: &AddressSketch) -> AddressSketch {
        let text = serde_json::to_string(sketch).unwrap();
        assert!(text.len() <= sketch.chars_max(), "{} characters", text.len());
        assert!(text.len() < 2_048, "{} characters", text.len());
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn few_are_counted_exactly_and_many_nearly() {
        for addresses in [0, 1, 2, 8, 9, 100] {
            assert_eq!(of(0..addresses).size(), u64::from(addresses));
        }
        for addresses in [1_000_u32, 30_000, 1_000_000] {
            let off = of(0..addresses).size().abs_diff(u64::from(addresses));
            // Three times the error, 2.3 %.
            assert!(off * 1_000 < u64::from(addresses) * 69, "{addresses}: {off} off");
        }
    }

    #[test]
    fn parts_come_to_the_whole_in_any_order_and_any_number_of_times() {
        for size in [5, 40, 300, 5_000_u32] {
            let parts: Vec<_> =
                (0..4).map(|part| of((0..size).filter(|at| at % 4 == part || at % 7 == 0))).collect();
            let mut whole = AddressSketch::default();
            parts.iter().for_each(|part| _ = whole.merge(&written_and_read(part)));
            let mut again = AddressSketch::default();
            parts.iter().rev().chain(&parts).for_each(|part| _ = again.merge(part));
            assert_eq!(whole.size(), again.size());
            assert_eq!(whole.size(), of(0..size).size(), "of {size}");
            assert!(!whole.merge(&parts[1]), "it is all there already");
            assert!(whole.merge(&of([size + 1])) || size > 300, "one more of {size} can be told");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_a_mapped_address_what_it_is() {
        let (mut sketch, peppers) = (AddressSketch::default(), peppers());
        for address in ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", "::ffff:192.0.2.7", "192.0.2.7"]
        {
            sketch.add(address.parse().unwrap(), &peppers);
        }
        assert_eq!(sketch.size(), 3);
    }

    #[test]
    fn what_is_no_sketch_is_refused() {
        let other = HllSketch::new(10, HllType::Hll4).unwrap().serialize();
        for text in ["", "!", "AAAA", &BASE64_STANDARD.encode(other), &"A".repeat(4_000)] {
            assert!(serde_json::from_value::<AddressSketch>(text.into()).is_err(), "{text}");
        }
    }
}
