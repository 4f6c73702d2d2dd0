//! How decisions of one gateway share its cores: one thread and two, calls of one key and of all. `decision_threads [KEYS] [ROUNDS]`
//!
//! Told is what a thread gets done in a second that it has a processor, so that others who use the machine count little.
#![expect(clippy::print_stdout, reason = "a command line tool speaks to its terminal")]

use std::{
    fs,
    hint::black_box,
    net::IpAddr,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use domain::{Clock as _, Environment, decision::Outcome};
use gateway::Call;
use tollgate_bench_decisions::population::{Population, WallClock, path, secret};

const ROUND: Duration = Duration::from_secs(1);

/// Who calls.
#[derive(Clone, Copy)]
enum Callers {
    /// One key, of all threads the same.
    Hot,
    /// All keys, one after the other, each thread from another one on.
    Spread,
}

/// What the threads of a round have done.
#[derive(Clone, Copy)]
struct Done {
    calls: u64,
    cpu: Duration,
}

impl Done {
    fn per_second(self) -> f64 {
        let calls = u32::try_from(self.calls).unwrap_or(u32::MAX);
        f64::from(calls) / self.cpu.as_secs_f64()
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u32| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (keys, rounds) = (number(100_000)?, number(7)?);
    let population = Population::settle(keys)?;
    let secrets: Vec<String> =
        (0..keys).map(|number| Ok(secret(number)?.expose().to_owned())).collect::<Result<_>>()?;
    let kinds = [(Callers::Hot, 1), (Callers::Hot, 2), (Callers::Spread, 1), (Callers::Spread, 2)];
    let mut told: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        for ((callers, threads), told) in kinds.iter().zip(&mut told) {
            told.push(round(&population, &secrets, *callers, *threads)?.per_second());
        }
    }
    let [hot, hot_two, spread, spread_two] = told.map(median);
    println!("{keys} keys, medians of {rounds} rounds, calls for each second of processor time");
    println!("one key:  {hot:9.0} of one thread, {hot_two:9.0} of two at once: {:.2}", hot_two / hot);
    println!(
        "all keys: {spread:9.0} of one thread, {spread_two:9.0} of two at once: {:.2}",
        spread_two / spread
    );
    println!(
        "one key against all keys: {:.2} of one thread, {:.2} of two",
        hot / spread,
        hot_two / spread_two
    );
    Ok(())
}

fn round(population: &Population, secrets: &[String], callers: Callers, threads: usize) -> Result<Done> {
    let (stop, ready) = (AtomicBool::new(false), Barrier::new(threads + 1));
    let done = thread::scope(|scope| {
        let begin = |thread: usize| {
            let (stop, ready) = (&stop, &ready);
            scope.spawn(move || {
                ready.wait();
                judge(population, secrets, callers, thread * secrets.len() / 2, stop)
            })
        };
        let running: Vec<_> = (0..threads).map(begin).collect();
        ready.wait();
        thread::sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
        let ended =
            running.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?);
        ended.collect::<Result<Vec<Done>>>()
    })?;
    black_box(population.gateway.take_flush(WallClock.now()));
    let sum = |one: Done, other: &Done| Done { calls: one.calls + other.calls, cpu: one.cpu + other.cpu };
    Ok(done.iter().fold(Done { calls: 0, cpu: Duration::ZERO }, sum))
}

fn judge(
    population: &Population,
    secrets: &[String],
    callers: Callers,
    first: usize,
    stop: &AtomicBool,
) -> Result<Done> {
    // Each connection of a proxy's has its own environment.
    let environment: Environment = "prod".parse()?;
    let paths: Vec<String> = (0..100).map(path).collect();
    let (begun, mut calls) = (cpu_time()?, 0_u64);
    let order = secrets.iter().cycle().skip(first).zip(paths.iter().cycle());
    for (secret, path) in order {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let call = Call {
            secret: match callers {
                Callers::Hot => secrets.first().map(String::as_str),
                Callers::Spread => Some(secret),
            },
            method: "GET",
            host: Some("api.example.com"),
            path,
            environment: &environment,
            address: Some(IpAddr::from([192, 0, 2, 1])),
            user_agent: Some("orders-sync/2.4 (linux; amd64)"),
            cost: None,
            trusted_headers: None,
        };
        let decision = population.gateway.judge(black_box(&call), WallClock.now());
        ensure!(decision.outcome == Outcome::Allowed, "{:?}", decision.reason);
        black_box(decision);
        calls += 1;
    }
    Ok(Done { calls, cpu: cpu_time()? - begun })
}

/// What this thread has spent on a processor so far. Source: proc(5), the first field of schedstat.
fn cpu_time() -> Result<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").context("reading schedstat")?;
    let spent = statistics.split(' ').next().context("schedstat is empty")?;
    Ok(Duration::from_nanos(spent.parse()?))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
