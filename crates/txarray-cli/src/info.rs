//! `txarray info`: what a run would use here.

use crate::{args::InfoArgs, fault::Result, run};
use serde_json::json;
use txarray::{Budget, Isa, tx_runtime::budget::Machine};

/// One line for a log: what this run uses.
pub(crate) fn line(budget: &Budget) -> String {
    format!(
        "txarray {}: {} thread{} ({}; ceiling {}{}), {} kernels",
        env!("CARGO_PKG_VERSION"),
        budget.threads(),
        if budget.is_single() { "" } else { "s" },
        budget.source(),
        budget.ceiling(),
        Machine::read().mask().map_or_else(String::new, |cpus| format!("; mask of {cpus} CPUs")),
        Isa::active(),
    )
}

/// The text to print.
///
/// # Errors
/// A thread budget that is not valid.
pub(crate) fn text(args: &InfoArgs) -> Result<String> {
    let budget = run::budget(&args.threads)?;
    let notices: Vec<String> = budget.notices().iter().map(ToString::to_string).collect();
    let (version, isa) = (env!("CARGO_PKG_VERSION"), Isa::active().to_string());
    let (threads, source) = (budget.threads(), budget.source().to_string());
    if args.json {
        let document = json!({
            "version": version,
            "threads": threads,
            "threads_source": source,
            "ceiling": budget.ceiling(),
            "isa": isa,
            "notices": notices,
        });
        return Ok(format!("{document:#}\n"));
    }
    let mut out = format!(
        "txarray {version}\nthreads  {threads} ({source}; ceiling {})\nkernels  {isa}\n",
        budget.ceiling()
    );
    for notice in notices {
        out.push_str(&format!("notice   {notice}\n"));
    }
    Ok(out)
}
