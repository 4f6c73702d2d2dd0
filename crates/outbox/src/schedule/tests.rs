use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

proptest! {
    #[test]
    fn a_retry_is_within_a_tenth_of_the_schedule(failures in 1_u32..=9, bits: u32, now in 0_i64..4_000_000_000) {
        let delay = SCHEDULE[usize::try_from(failures).unwrap() - 1];
        let next = next_attempt(failures, at(now), Jitter::from_random(bits), None).unwrap();
        let waited = next.duration_since(at(now));
        prop_assert!(waited * 10 >= delay * 9 && waited * 10 <= delay * 11, "{waited} of {delay}");
    }

    #[test]
    fn a_receiver_gets_the_time_it_asks_for_up_to_a_day(failures in 1_u32..=9, bits: u32, asked in 0_i64..1_000_000) {
        let (now, jitter) = (at(1_800_000_000), Jitter::from_random(bits));
        let plain = next_attempt(failures, now, jitter, None).unwrap();
        let asked = SignedDuration::from_secs(asked);
        let next = next_attempt(failures, now, jitter, Some(asked)).unwrap();
        prop_assert_eq!(next, plain.max(now + asked.min(RETRY_AFTER_MAX)));
    }

    #[test]
    fn after_the_last_of_the_schedule_it_is_given_up(failures in 10_u32.., bits: u32, asked: Option<u32>) {
        let asked = asked.map(|seconds| SignedDuration::from_secs(seconds.into()));
        prop_assert_eq!(next_attempt(failures, at(0), Jitter::from_random(bits), asked), None);
    }

    #[test]
    fn no_time_is_too_late(failures in 0_u32..12, bits: u32, asked: i64) {
        let asked = Some(SignedDuration::from_secs(asked));
        let next = next_attempt(failures, Timestamp::MAX, Jitter::from_random(bits), asked);
        prop_assert_eq!(next, (failures < 10).then_some(Timestamp::MAX));
    }
}

#[test]
fn the_spread_reaches_both_ends() {
    let of = |bits| next_attempt(2, at(0), Jitter::from_random(bits), None).unwrap();
    assert_eq!((of(0), of(100), of(200)), (at(270), at(300), at(330)));
}
