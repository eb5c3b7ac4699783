//! The `txarray` command: runs a NumPy script as parallel transactions.
//!
//! A script goes through `source` (text and places), `check` and `lower` (Python's syntax tree to a program of slots,
//! refusing what is outside the language), `interp` (the program runs: scalars here, arrays through `engine` into a
//! session) and `files`/`output` (results). `numpy`, `builtins`, `math`, `paths`, `pictures` and `methods` are tables of
//! what a script can call. Every error is a `fault`: one line, a place, an exit code.

mod args;
mod array_repr;
mod arrays;
mod builtins;
mod check;
mod create;
mod engine;
mod fault;
mod files;
mod format;
mod info;
mod internal;
mod interp;
mod ir;
mod iter;
mod lower;
mod math;
mod memory;
mod methods;
mod modules;
mod ndarray;
mod numpy;
mod ops;
mod output;
mod paths;
mod pictures;
mod progress;
mod reductions;
mod report;
mod run;
mod source;
mod suggest;
mod text;
mod value;

use args::{Cli, Command};
use clap::Parser as _;
use output::Output;
use progress::Bar;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    internal::install_hook();
    let outcome = internal::catch(|| match &cli.command {
        Command::Run(args) => Ok(run::run(args)),
        Command::Info(args) => {
            let mut out = Output::new(Bar::none());
            out.write(&info::text(args)?)?;
            out.flush().map(|()| 0)
        }
    });
    ExitCode::from(outcome.unwrap_or_else(|fault| {
        let label = if fault.kind() == fault::Kind::Internal { "internal error: " } else { "" };
        eprintln!("{label}{}", fault.message());
        fault.kind().exit_code()
    }))
}
