//! What a command says. Whoever reads it may have had enough before its end (`| head -1`), which is no failure of ours.
//!
//! In every module that `main.rs` names after this one, `println!`, `print!` and `eprintln!` are those that stand here: the
//! standard library's panic where nobody reads, and a helper of another name would be forgotten sooner or later.

use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write},
    process,
};

/// The exit code where nobody reads on, as a shell has it of a program that SIGPIPE has ended. Not that of success: what was
/// not read may have been the verdict.
const NOBODY_READS: i32 = 128 + 13;

macro_rules! println {
    () => { $crate::cli::spoken::line(format_args!("")) };
    ($($said:tt)+) => { $crate::cli::spoken::line(format_args!($($said)+)) };
}

macro_rules! print {
    ($($said:tt)+) => { $crate::cli::spoken::text(format_args!($($said)+)) };
}

macro_rules! eprintln {
    ($($said:tt)+) => { $crate::cli::spoken::aside(format_args!($($said)+)) };
}

/// A line of what was asked for. Ends the process where nobody reads it.
pub(crate) fn line(said: Arguments<'_>) {
    let written = write(&mut io::stdout().lock(), said, "\n");
    written.unwrap_or_else(|failure| end(&failure));
}

/// The same without the line's end.
pub(crate) fn text(said: Arguments<'_>) {
    let written = write(&mut io::stdout().lock(), said, "");
    written.unwrap_or_else(|failure| end(&failure));
}

/// A line for the person, beside what was asked for. What they cannot be told changes nothing about what was done.
pub(crate) fn aside(said: Arguments<'_>) {
    drop(write(&mut io::stderr().lock(), said, "\n"));
}

/// Flushed: what stays in a buffer until the process ends is lost without a word.
fn write(to: &mut impl Write, said: Arguments<'_>, end: &str) -> io::Result<()> {
    to.write_fmt(said)?;
    to.write_all(end.as_bytes())?;
    to.flush()
}

#[expect(clippy::exit, reason = "as SIGPIPE would: there is nothing left to do, and nobody to tell it to")]
fn end(failure: &io::Error) -> ! {
    if failure.kind() == ErrorKind::BrokenPipe {
        process::exit(NOBODY_READS);
    }
    aside(format_args!("tollgate: cannot write the output: {failure}"));
    process::exit(1);
}
