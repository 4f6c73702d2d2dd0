//! Several counts against one total, whose answers come when they like.

use domain::rate_limit_policy::{Period, TimeZoneName};
use proptest::prelude::*;

use super::*;

const NODES: usize = 3;

fn around(now_ns: i64, alone_since: Option<i64>) -> Around {
    Around {
        now_ns,
        nodes: 3,
        when_alone: WhenAlone::Share,
        alone_since,
        patience: Patience::Wait,
        pooled: true,
    }
}

/// Gateways' counts of one quota, the questions that are on their way to the pool, and the answers on their way back.
struct World {
    calendar: Calendar,
    requests: u64,
    counts: Vec<SharedCount>,
    total: i64,
    asked: Vec<(usize, Asked)>,
    answered: Vec<(usize, Asked, i64)>,
    back: Vec<u64>,
    used: u64,
    now_ns: i64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Call(usize, u64),
    Ask(usize),
    /// The pool counts one of the questions.
    Count(usize),
    Answer(usize),
    HandBack(usize),
    /// The pool hears of what was handed back.
    TakeOff,
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..NODES, 1_u64..4).prop_map(|(node, cost)| Step::Call(node, cost)),
        3 => (0..NODES).prop_map(Step::Ask),
        3 => (0_usize..9).prop_map(Step::Count),
        3 => (0_usize..9).prop_map(Step::Answer),
        1 => (0..NODES).prop_map(Step::HandBack),
        1 => Just(Step::TakeOff),
        1 => (0_i64..3).prop_map(|seconds| Step::Pass(seconds * SECOND_NS)),
    ];
    prop::collection::vec(step, 0..400)
}

impl World {
    fn new(requests: u64) -> Self {
        let calendar = Calendar::new(Period::Year, &TimeZoneName::utc());
        let counts = (0..NODES).map(|_| SharedCount::unused(&calendar, 1, 0)).collect();
        let (asked, answered, back) = (vec![], vec![], vec![]);
        Self { calendar, requests, counts, total: 0, asked, answered, back, used: 0, now_ns: 0 }
    }

    fn step(&mut self, step: Step) {
        let around = around(self.now_ns, None);
        match step {
            Step::Call(node, cost) => {
                let count = &mut self.counts[node];
                let second = self.now_ns / SECOND_NS;
                count.bring_to(&self.calendar, self.requests, 1, second, &around);
                match count.ask(cost, &around) {
                    Share::Granted => {
                        count.take(cost, &around);
                        self.used += cost;
                    }
                    Share::Short => drop(count.wait_for(cost, &around)),
                    Share::Exceeded | Share::Unavailable => {}
                }
            }
            Step::Ask(node) => {
                self.asked.extend(self.counts[node].begin(&around, false).map(|asked| (node, asked)));
            }
            Step::Count(at) if at < self.asked.len() => {
                let (node, asked) = self.asked.remove(at);
                self.total += i64::try_from(asked.amount).unwrap();
                self.answered.push((node, asked, self.total));
            }
            Step::Answer(at) if at < self.answered.len() => {
                let (node, asked, total) = self.answered.remove(at);
                self.back.push(self.counts[node].arrive(asked, total, &around));
            }
            Step::HandBack(node) => {
                self.back.extend(self.counts[node].hand_back(self.now_ns, false).map(|back| back.amount));
            }
            Step::TakeOff => self.total -= i64::try_from(self.back.pop().unwrap_or_default()).unwrap(),
            Step::Pass(by) => self.now_ns += by,
            Step::Count(_) | Step::Answer(_) => {}
        }
    }

    fn held(&self) -> u64 {
        self.counts.iter().map(|count| count.held).sum()
    }
}

proptest! {
    #[test]
    fn no_order_of_questions_and_answers_lets_more_pass_than_the_quota(
        requests in prop::sample::select(vec![1_u64, 3, 10, 50, 300, 2_000]), steps in steps(),
    ) {
        let mut world = World::new(requests);
        for step in steps {
            world.step(step);
            prop_assert!(world.used + world.held() <= requests, "{} used, {} held", world.used, world.held());
            let counted: u64 = world.counts.iter().map(|count| count.count.used()).sum();
            prop_assert_eq!(counted, world.used);
        }
    }

    #[test]
    fn alone_no_three_use_more_than_was_left(
        requests in 1_u64..3_000, before in 0_u64..3_000, calls in prop::collection::vec((0..NODES, 1_u64..9), 0..800),
    ) {
        let mut world = World::new(requests);
        let before = before.min(requests);
        for count in &mut world.counts {
            count.bring_to(&world.calendar, requests, 1, 0, &around(0, None));
            count.hear(count.count.window(), i64::try_from(before).unwrap(), 0);
        }
        let alone = around(SECOND_NS, Some(SECOND_NS));
        for (node, cost) in calls {
            let count = &mut world.counts[node];
            count.bring_to(&world.calendar, requests, 1, 1, &alone);
            if count.ask(cost, &alone) == Share::Granted {
                count.take(cost, &alone);
                world.used += cost;
            }
        }
        prop_assert!(before + world.used <= requests, "{before} before, {} alone", world.used);
    }
}

#[test]
fn together_they_hold_no_more_than_a_256th() {
    let mut world = World::new(100_000);
    for round in 0..200 {
        for node in 0..NODES {
            for step in [Step::Call(node, 1), Step::Ask(node), Step::Count(0), Step::Answer(0)] {
                world.step(step);
            }
        }
        assert!(world.held() <= 100_000 / HELD_PARTS, "{} held in round {round}", world.held());
    }
    assert!(world.held() > 100, "blocks have grown");
}

#[test]
fn a_total_that_is_too_old_is_no_ground_to_go_alone_on() {
    let mut world = World::new(1_000);
    let count = &mut world.counts[0];
    count.bring_to(&world.calendar, 1_000, 1, 0, &around(0, None));
    count.hear(count.count.window(), 10, 0);
    let late = around(FRESH_NS + 2, Some(FRESH_NS + 1));
    count.bring_to(&world.calendar, 1_000, 1, 10, &late);
    assert_eq!(count.ask(1, &late), Share::Unavailable);
}

#[test]
fn a_revised_period_brings_what_was_used_to_its_own_pool() {
    let mut world = World::new(1_000);
    for step in [Step::Call(0, 3), Step::Ask(0), Step::Count(0), Step::Answer(0), Step::Call(0, 3)] {
        world.step(step);
    }
    let (count, around) = (&mut world.counts[0], around(0, None));
    let decade = Calendar::new(Period::Year, &"Asia/Kathmandu".parse().unwrap());
    count.bring_to(&decade, 1_000, 2, 0, &around);
    let asked = count.begin(&around, true).unwrap();
    assert_eq!((asked.amount, asked.settles()), (3, true));
}

#[test]
fn a_count_is_restored_with_what_the_pool_does_not_know() {
    let mut world = World::new(1_000);
    let (count, shadow) = (&mut world.counts[0], Around { patience: Patience::Shadow, ..around(0, None) });
    count.bring_to(&world.calendar, 1_000, 1, 0, &shadow);
    assert_eq!(count.ask(5, &shadow), Share::Granted);
    count.take(5, &shadow);
    let text = serde_json::to_string(&count.row()).unwrap();
    let restored = SharedCount::restored(&serde_json::from_str(&text).unwrap());
    assert_eq!(&restored, count);
    assert!(restored.owes());
}
