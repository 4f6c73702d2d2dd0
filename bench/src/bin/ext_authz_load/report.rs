//! What was measured, for people.

use std::fmt;

use crate::Round;

/// All rounds.
#[derive(Default)]
pub(crate) struct Report {
    /// Of the no-op server, that with Envoy's whole API, the door and Limitador.
    rounds: Vec<[Round; 4]>,
}

impl Report {
    pub(crate) fn add(&mut self, round: [Round; 4]) {
        self.rounds.push(round);
    }

    fn median(&self, value: impl Fn(&[Round; 4]) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn micros(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "round  server     calls/s   p50 µs   p99 µs  server CPU µs/call")?;
        for (number, rounds) in self.rounds.iter().enumerate() {
            for (name, round) in ["no-op", "whole API", "door", "limitador"].into_iter().zip(rounds) {
                let [median, p99, cpu] = [round.median, round.p99, round.cpu_per_call].map(micros);
                let per_second = round.per_second;
                writeln!(f, "{number:5}  {name:9}  {per_second:7.0}  {median:7.0}  {p99:7.0}  {cpu:18.2}")?;
            }
        }
        let throughput = self.median(|[no_op, _, door, _]| door.per_second / no_op.per_second);
        let cpu = self.median(|[no_op, _, door, _]| door.cpu_per_call.div_duration_f64(no_op.cpu_per_call));
        let dearer =
            self.median(|[no_op, _, door, _]| micros(door.cpu_per_call) - micros(no_op.cpu_per_call));
        writeln!(
            f,
            "medians of rounds: door / no-op = {throughput:.3} in calls/s, {cpu:.3} in server CPU a call ({dearer:+.2} µs)"
        )?;
        let whole = self.median(|[_, whole, door, _]| door.cpu_per_call.div_duration_f64(whole.cpu_per_call));
        writeln!(f, "door / no-op with Envoy's whole API = {whole:.3} in server CPU a call")?;
        let beside =
            self.median(|[_, _, door, other]| door.cpu_per_call.div_duration_f64(other.cpu_per_call));
        let limitador = self.median(|[_, _, _, other]| micros(other.cpu_per_call));
        write!(f, "door / Limitador = {beside:.3} in server CPU a call (of {limitador:.2} µs)")
    }
}
