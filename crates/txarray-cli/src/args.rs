//! The command line: what may be written there, before anything is read or run.
//!
//! clap refuses a misspelt flag with exit code 2 and a suggestion; the texts below are what `--help` shows.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Runs NumPy scripts as parallel transactions: the same file, the same arrays, all the cores you gave it.
#[derive(Debug, Parser)]
#[command(name = "txarray", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a NumPy script
    Run(RunArgs),
    /// Tell the version, the thread budget and the instruction set
    Info(InfoArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The script; it also runs under CPython with NumPy
    pub(crate) script: PathBuf,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    /// Replace the value of the first assignment `NAME = …` outside any def; VALUE is a Python literal
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Folder for the files that the script saves under a relative path [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write what the session did (statements, tasks, threads, seconds, bytes …) to a JSON file
    #[arg(long, value_name = "FILE.json")]
    pub(crate) report: Option<PathBuf>,
    /// Write a trace of every task that a Chrome or Perfetto trace viewer opens
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Tell on standard error, after the run, what became of each line: expression, fused pass, kernels, what was not fused
    /// or not parallel and why, time and bytes
    #[arg(long)]
    pub(crate) explain: bool,
    /// Order of ready tasks: depth uses a tile again while it is in the cache, breadth sweeps whole arrays
    #[arg(long, value_enum, default_value_t = OrderArg::Depth)]
    pub(crate) order: OrderArg,
    /// No progress and no summary on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// Threads to use: a number, or 'auto' for what the system and the batch scheduler grant
    #[arg(long, value_name = "N|auto", conflicts_with = "single_thread", allow_hyphen_values = true)]
    threads: Option<String>,
    /// Exactly one thread, the same as --threads 1
    #[arg(long)]
    single_thread: bool,
}

impl ThreadArgs {
    /// The flag's word for the thread budget.
    pub(crate) fn flag(&self) -> Option<&str> {
        if self.single_thread { Some("1") } else { self.threads.as_deref() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    Depth,
    Breadth,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn single_thread_means_threads_one() {
        let cli = Cli::parse_from(["txarray", "info", "--single-thread"]);
        assert!(matches!(cli.command, Command::Info(info) if info.threads.flag() == Some("1")));
    }
}
