//! `txarray-benches SUITE [--json] [--threads 1,2]`: run one suite, print its rows.

use std::process::ExitCode;

use clap::Parser;
use txarray_benches::{row, suites::ALL};

#[derive(Debug, Parser)]
#[command(about = "What txarray costs beside its rivals, measured in the same run")]
struct Arguments {
    /// The suite; without one, the names of all suites
    suite: Option<String>,
    /// One JSON array of `{id, unit, ours, rivals, threads}` instead of a table
    #[arg(long)]
    json: bool,
    /// Thread counts to measure at
    #[arg(long, value_name = "N,N…", value_delimiter = ',', default_value = "1,2")]
    threads: Vec<std::num::NonZeroUsize>,
}

fn main() -> ExitCode {
    let Arguments { suite, json, threads } = Arguments::parse();
    let Some(name) = suite else {
        ALL.iter().for_each(|suite| println!("{:<12} {}", suite.name, suite.about));
        return ExitCode::SUCCESS;
    };
    let Some(suite) = ALL.iter().find(|suite| suite.name == name) else {
        let names: Vec<_> = ALL.iter().map(|suite| suite.name).collect();
        eprintln!("no suite is called {name:?}; there are: {}", names.join(", "));
        return ExitCode::from(2);
    };
    let threads: Vec<_> = threads.into_iter().map(usize::from).collect();
    let rows = (suite.run)(&threads);
    if json {
        match serde_json::to_string(&rows) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    } else {
        print!("{}", row::table(&rows));
    }
    ExitCode::SUCCESS
}
