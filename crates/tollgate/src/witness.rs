//! `tollgate witness`: follows the checkpoints of a log and signs that it only grew. Source: C2SP tlog-cosignature v1.
//!
//! What the witness has seen is on its disk before anybody is shown its signature. A log that shrinks, or whose past is
//! another, is never signed again: the witness keeps what contradicts itself, and fails until somebody has looked.

mod log;
mod state;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use clap::Args;
use domain::SharedClock;
use eventlog::{
    checkpoint::Checkpoint,
    merkle::is_consistent,
    note::{Note, NoteKey, VerifierKey},
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::runtime::{self, Tasks};
use log::Log;
use state::State;

/// Which log is watched, and as whom.
#[derive(Args, Debug)]
pub(crate) struct WitnessFlags {
    /// The server's address
    #[arg(long, env = "TOLLGATE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A token that may read the audit log
    #[arg(long, env = "TOLLGATE_TOKEN", hide_env_values = true)]
    token: SecretString,
    /// The key that the log is known by; repeat it while two overlap
    #[arg(long = "key", env = "TOLLGATE_WITNESS_LOG_KEY", value_name = "VKEY", required = true)]
    keys: Vec<VerifierKey>,
    /// Where the witness keeps its own key and what it has seen last
    #[arg(long, env = "TOLLGATE_WITNESS_STATE", value_name = "DIR")]
    state: PathBuf,
    /// The name that the witness signs under
    #[arg(long, env = "TOLLGATE_WITNESS_NAME", default_value = "tollgate-witness", value_name = "NAME")]
    name: String,
    /// How often the log is asked
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400), value_name = "SECONDS")]
    every_seconds: u32,
    /// Ask once and end, as from a timer
    #[arg(long)]
    once: bool,
}

/// What contradicts the log's past. It is kept in the state, and the exit code is 20.
#[derive(Debug)]
pub(crate) struct Alarm {
    why: &'static str,
    file: String,
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { why, file } = self;
        write!(
            f,
            "{why}; both checkpoints are in {file}. Nothing more is signed until that file is moved away"
        )
    }
}

impl std::error::Error for Alarm {}

impl Alarm {
    pub(crate) const EXIT_CODE: u8 = 20;
}

pub(crate) async fn run(flags: WitnessFlags) -> anyhow::Result<()> {
    let WitnessFlags { url, token, keys, state, name, every_seconds, once } = flags;
    let state = State::open(&state)?;
    let key = NoteKey::new(&name, &*state.key()?).context("the name of the witness")?;
    eprintln!("Witness key: {}", key.witness_verifier());
    let witness = Witness { log: Log::new(url, token)?, keys, key, state, clock: runtime::system_clock() };
    if once {
        return witness.look().await.map(|seen| print!("{seen}"));
    }
    let mut tasks = Tasks::new();
    runtime::stop_on_signal(&mut tasks)?;
    let stop = tasks.stop_token();
    let every = Duration::from_secs(every_seconds.into());
    tasks.spawn("witness", async move { witness.watch(every, stop).await });
    tasks.wait().await
}

struct Witness {
    log: Log,
    keys: Vec<VerifierKey>,
    key: NoteKey,
    state: State,
    clock: SharedClock,
}

impl Witness {
    /// Until it is stopped or alarmed. A log that is away is asked again.
    async fn watch(self, every: Duration, stop: CancellationToken) -> anyhow::Result<()> {
        let mut last = None;
        loop {
            match self.look().await {
                Ok(seen) => {
                    if last.as_ref() != Some(&seen) {
                        println!("{seen}");
                        last = Some(seen);
                    }
                }
                Err(failure) if failure.is::<Alarm>() => return Err(failure),
                Err(failure) => eprintln!("The log was not seen: {failure:#}"),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// Asks for the newest checkpoint and signs it, if the log still begins with the one that was signed last.
    async fn look(&self) -> anyhow::Result<Note> {
        self.state.check_not_alarmed()?;
        let note = self.log.checkpoint().await?;
        let new = Checkpoint::verified(&note, &self.keys)
            .context("the log's checkpoint is not signed by the key that was given")?;
        let seen = self.state.last()?;
        if let Some(seen) = &seen {
            let old = Checkpoint::of(seen).context("what was seen last")?;
            if old == new && self.is_ours(seen) {
                return Ok(seen.clone());
            }
            self.check_grown(&old, &new, seen, &note).await?;
        }
        let cosignature = self.key.cosign(note.text(), self.clock.now());
        let cosigned = note.signed(cosignature);
        self.state.keep(&cosigned)?;
        Ok(cosigned)
    }

    fn is_ours(&self, seen: &Note) -> bool {
        let key = self.key.witness_verifier();
        seen.signatures().iter().any(|signature| key.is_named_by(signature))
    }

    async fn check_grown(
        &self,
        old: &Checkpoint,
        new: &Checkpoint,
        seen: &Note,
        note: &Note,
    ) -> anyhow::Result<()> {
        let alarm = |why| anyhow::Error::new(Alarm { why, file: self.state.alarm(seen, note) });
        if old.origin != new.origin {
            return Err(alarm("the log has another name than the one that was seen before"));
        }
        if new.size < old.size {
            return Err(alarm("the log has shrunk"));
        }
        let proof =
            if new.size == old.size { vec![] } else { self.log.consistency(old.size, new.size).await? };
        if is_consistent((old.size.get(), &old.root), (new.size.get(), &new.root), &proof) {
            Ok(())
        } else {
            Err(alarm("the log's past is another than the one that was seen before"))
        }
    }
}
