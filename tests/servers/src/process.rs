//! A process under test: its output in files, its end bounded, nothing left behind.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::poll;

/// How much of a log an error quotes.
const TAIL_LINES: usize = 20;

/// A running child. Dropping it kills it and waits for it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a process ended.
#[derive(Debug)]
pub struct Exit {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts it, adding what it prints to `<name>.stdout` and `<name>.stderr` in `directory`.
    ///
    /// # Errors
    /// When the files cannot be opened or the program cannot be started.
    pub fn start(name: &str, command: &mut Command, directory: &std::path::Path) -> Result<Self> {
        let file = |ending: &str| directory.join(format!("{name}.{ending}"));
        let (stdout, stderr) = (file("stdout"), file("stderr"));
        let open = |path: &PathBuf| {
            // Appending: a restart must not lose what the run before it said.
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("opening {}", path.display()))
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(open(&stdout)?)
            .stderr(open(&stderr)?)
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self { child, name: name.to_owned(), stdout, stderr })
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash or a power cut does: no handler runs, nothing is flushed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill_9(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        sweep_faketime(self.id());
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits for that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(&mut self, at_most: Duration) -> Result<ExitStatus> {
        self.signal("TERM")?;
        self.ended(at_most).await
    }

    /// Stops it where it is (SIGSTOP): to the others it is there, and says nothing.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        // By the shell: the standard library sends no signal but SIGKILL, and unsafe code is forbidden here.
        let kill = format!("kill -{name} \"$0\"");
        let sent = Command::new("sh").args(["-c", &kill]).arg(self.id().to_string()).status();
        let sent = sent.with_context(|| format!("sending SIG{name}"))?;
        ensure!(sent.success(), "{} is not there any more", self.name);
        Ok(())
    }

    /// Waits for it to end by itself.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ended(&mut self, at_most: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        let child = &mut self.child;
        let ended = poll::until(&what, at_most, async || Ok(child.try_wait()?)).await;
        ended.with_context(|| self.last_words())
    }

    /// # Errors
    /// When it has ended, saying how.
    pub fn still_running(&mut self) -> Result<()> {
        match self.child.try_wait().with_context(|| format!("asking after {}", self.name))? {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended with {status}\n{}", self.name, self.last_words()),
        }
    }

    /// Everything it printed, over all its starts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stdout(&self) -> Result<String> {
        read(&self.stdout)
    }

    /// Everything it complained about, over all its starts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stderr(&self) -> Result<String> {
        read(&self.stderr)
    }

    /// The ends of both outputs, for errors.
    #[must_use]
    pub fn last_words(&self) -> String {
        let tail = |text: Result<String>| {
            let text = text.unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines
                .iter()
                .skip(lines.len().saturating_sub(TAIL_LINES))
                .map(|line| format!("  {line}\n"))
                .collect::<String>()
        };
        format!(
            "{} last printed:\n{}and complained:\n{}",
            self.name,
            tail(self.stdout()),
            tail(self.stderr())
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is as good.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.kill_9());
        }
    }
}

fn read(path: &PathBuf) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// libfaketime keeps two objects in shared memory, which a killed process cannot remove itself.
fn sweep_faketime(id: u32) {
    for name in [format!("faketime_shm_{id}"), format!("sem.faketime_sem_{id}")] {
        // Absent without libfaketime, and no failure of the test in any case.
        drop(std::fs::remove_file(std::path::Path::new("/dev/shm").join(name)));
    }
}
