//! `txarray-benches SUITE [--json] [--only TEXT] [--threads 1,2]`: run one suite, print its rows.

use std::process::ExitCode;

use clap::Parser;
use txarray_benches::{contest, row, suites::ALL};

#[derive(Debug, Parser)]
#[command(about = "What txarray costs beside its rivals, measured in the same run")]
struct Arguments {
    /// The suite; without one, the names of all suites
    suite: Option<String>,
    /// One JSON array of `{id, unit, ours, rivals, threads}` instead of a table
    #[arg(long)]
    json: bool,
    /// Measure only the rows whose id contains this text
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    only: Option<String>,
    /// Thread counts to measure at
    #[arg(long, value_name = "N,N…", value_delimiter = ',', default_value = "1,2")]
    threads: Vec<std::num::NonZeroUsize>,
}

fn main() -> ExitCode {
    let Arguments { suite, json, only, threads } = Arguments::parse();
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
    if let Some(text) = &only {
        contest::measure_only(text);
    }
    let rows = (suite.run)(&threads);
    let (rows, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| contest::is_wanted(&row.id));
    if let (Some(text), true) = (&only, rows.is_empty()) {
        let mut ids: Vec<_> = others.into_iter().map(|row| row.id).collect();
        ids.sort();
        ids.dedup();
        eprintln!("no row of {name} contains {text:?}; there are:\n{}", ids.join("\n"));
        return ExitCode::from(2);
    }
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
