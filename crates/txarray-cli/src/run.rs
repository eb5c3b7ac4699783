//! `txarray run`: from the command line to the exit code.
//!
//! **Promise** configuration and the whole script are checked before anything runs; the report and the trace are written
//! whatever happened after that; the first error decides the exit code.

use crate::{
    args::{OrderArg, RunArgs, ThreadArgs},
    engine::Engine,
    fault::{Fault, Kind, Result},
    files::{self, Files},
    info, internal,
    interp::Interp,
    lower::{self, Settings},
    output::Output,
    progress::{self, MainLoop, Mode},
    report,
    source::Source,
};
use std::{env, sync::Arc};
use txarray::{Budget, Config, Order, Session};

/// The thread budget of the command line and the environment.
///
/// # Errors
/// A value of ours that is not valid.
pub(crate) fn budget(threads: &ThreadArgs) -> Result<Budget> {
    Budget::resolve(threads.flag()).map_err(|error| Fault::refused(error.to_string()))
}

/// Runs a script; what there is to say has been written to standard error.
pub(crate) fn run(args: &RunArgs) -> u8 {
    // Before all else, because what fails later writes the report.
    if let Err(fault) = check_names(args) {
        eprintln!("{}", fault.message());
        return fault.kind().exit_code();
    }
    let failure = match prepare(args) {
        Err(failure) => failure,
        Ok(prepared) => {
            let source = match Source::read(&args.script) {
                Ok(source) => Arc::new(source),
                Err(fault) => return report_failure(args, &fault, fault.message()),
            };
            return match execute(args, &source, prepared) {
                Ok(()) => 0,
                Err(fault) => {
                    eprintln!("{}", source.describe(&fault));
                    fault.kind().exit_code()
                }
            };
        }
    };
    report_failure(args, &failure, failure.message())
}

/// The report and the trace are files of their own.
fn check_names(args: &RunArgs) -> Result<()> {
    let own = [("--report", &args.report), ("--trace", &args.trace)];
    for (flag, path) in own {
        let Some(path) = path else { continue };
        let other = if files::same_file(path, &args.script) {
            "the script"
        } else if flag == "--trace"
            && args.report.as_ref().is_some_and(|report| files::same_file(path, report))
        {
            "the file of --report"
        } else {
            continue;
        };
        return Err(Fault::refused(format!("{flag} {}: that is {other}", path.display())));
    }
    Ok(())
}

/// A run that ended before its script was read.
fn report_failure(args: &RunArgs, fault: &Fault, message: &str) -> u8 {
    eprintln!("{message}");
    if let Some(path) = &args.report
        && let Err(second) = report::write(path, &args.script.to_string_lossy(), None, Some(fault))
    {
        eprintln!("{}", second.message());
    }
    fault.kind().exit_code()
}

/// What the command line and the environment decide.
struct Prepared {
    settings: Settings,
    budget: Budget,
    mode: Mode,
}

fn prepare(args: &RunArgs) -> Result<Prepared> {
    let settings = Settings::parse(&args.sets)?;
    let budget = budget(&args.threads)?;
    let mode = Mode::from_env(args.quiet)?;
    for notice in budget.notices() {
        eprintln!("{notice}");
    }
    match env::var("TXARRAY_LOG").as_deref().map(str::trim) {
        Err(_) | Ok("" | "off") => {}
        Ok("info") => eprintln!("{}", info::line(&budget)),
        Ok(other) => {
            return Err(Fault::refused(format!("TXARRAY_LOG={other:?}: expected 'info' or 'off'")));
        }
    }
    Ok(Prepared { settings, budget, mode })
}

fn execute(args: &RunArgs, source: &Arc<Source>, prepared: Prepared) -> Result<()> {
    let order = match args.order {
        OrderArg::Depth => Order::Depth,
        OrderArg::Breadth => Order::Breadth,
    };
    let config = Config::new(prepared.budget).order(order).trace(args.trace.is_some()).explain(args.explain);
    #[cfg(feature = "faults")]
    let config = config.faults(txarray::Faults::from_env());
    let main_loop = MainLoop::default();
    let (bar, callback) = progress::start(prepared.mode, source.name(), main_loop.clone());
    let mut session = Session::new(config);
    session.set_progress(callback);
    let mut engine = Engine::new(session, source.clone());
    let script = internal::catch(|| {
        let file = files::absolute(source.name());
        let program = lower::lower(source, &file, prepared.settings)?;
        let files = Files::new(args.out.as_deref())?;
        // A long run must not end with "no such folder".
        [&args.trace, &args.report].into_iter().flatten().try_for_each(|path| files::check_target(path))?;
        // The tree of a long script is not worth the time to take apart.
        let program = Box::leak(Box::new(program));
        Interp::new(program, &mut engine, Output::new(bar.clone()), files, main_loop.clone()).run()
    });
    bar.clear();
    let script =
        script.map_err(|fault| if fault.kind() == Kind::Internal { fault.at(engine.span()) } else { fault });
    finish(args, source, &mut engine, script)
}

/// Writes what was asked for beside the results, and the summary.
fn finish(args: &RunArgs, source: &Source, engine: &mut Engine, script: Result<()>) -> Result<()> {
    let session = engine.session();
    let numbers = session.report();
    let mut outcome = script;
    if let Some(path) = &args.trace {
        let written = files::write_whole(path, |out| session.write_trace(out));
        outcome = outcome.and(written);
    }
    if let Some(path) = &args.report {
        let written = report::write(path, source.name(), Some(&numbers), outcome.as_ref().err());
        outcome = outcome.and(written);
    }
    if args.explain {
        let whys = session.explain();
        whys.iter().for_each(|why| eprint!("{why}"));
        eprint!("{}", numbers.table());
    }
    if outcome.is_ok() && !args.quiet {
        eprintln!(" {numbers}");
    }
    outcome
}
