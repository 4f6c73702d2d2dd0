//! What the rounds have shown.

use tollgate_bench::median;

use crate::load::Round;

/// Medians of all rounds, and the ratio to the first within each round.
pub(crate) fn tell(names: &[&str], rounds: &[Vec<Round>], requests: u32) {
    let calls = f64::from(requests);
    let microseconds = |round: &Round| round.cpu.all().as_secs_f64() / calls * 1e6;
    let base: Vec<f64> = rounds.first().into_iter().flatten().map(microseconds).collect();
    println!("medians of {} rounds of {requests} calls to each", base.len());
    println!(
        "{:<12} {:>14} {:>12} {:>8} {:>14} {:>9} {:>9} {:>9}",
        "filter", "Envoy CPU/call", "its worker", "ratio", "(by round)", "calls/s", "p50", "p99"
    );
    for (name, rounds) in names.iter().zip(rounds) {
        let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
        let ratios: Vec<f64> =
            rounds.iter().zip(&base).map(|(round, base)| microseconds(round) / base).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        println!(
            "{name:<12} {:>11.1} µs {:>9.1} µs {:>8.2} {:>14} {:>9.0} {:>6.0} µs {:>6.0} µs",
            of(&microseconds),
            of(&|round| round.cpu.worker.as_secs_f64() / calls * 1e6),
            median(ratios),
            format!("{least:.2} to {most:.2}"),
            of(&|round| calls / round.took.as_secs_f64()),
            of(&|round| round.p50.as_secs_f64() * 1e6),
            of(&|round| round.p99.as_secs_f64() * 1e6),
        );
    }
}
