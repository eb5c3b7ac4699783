//! Five-point relaxation of a plate: `plate [N] [SWEEPS] [THREADS] [depth|breadth]`. Prints the time of a sweep and the
//! session's account; `TRACE=FILE` in the environment writes a trace for `cargo xtask simulate`, `TILE` and `WINDOW` set the
//! elements of a tile and the bytes of the window.

use std::time::Instant;

use array_core::{Array, s};
use tx_scheduler::{Config, Order, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, or: usize| args.get(i).map_or(Ok(or), |text| text.parse());
    let (n, sweeps, threads) = (number(0, 1000)?, number(1, 300)?, number(2, 1)?);
    let order =
        if args.get(3).is_some_and(|order| order == "breadth") { Order::Breadth } else { Order::Depth };

    let mut config = Config::threads(threads)?.order(order);
    if let Some(tile) = std::env::var("TILE").ok().and_then(|t| t.parse().ok()) {
        config = config.tile_elems(tile);
    }
    if let Some(bytes) = std::env::var("WINDOW").ok().and_then(|t| t.parse().ok()) {
        config = config.window_bytes(bytes);
    }
    let trace = std::env::var_os("TRACE");
    let mut session = Session::new(config.trace(trace.is_some()));
    let mut u = session.array(Array::zeros([n, n]))?;
    session.assign(u.at(s![0, ..]), 1.0)?;
    let mut v = session.array(&u)?;
    let sweep = |session: &mut Session, u: &mut tx_collections::View, v: &mut tx_collections::View| {
        let vertical = u.at(s![..-2, 1..-1]) + u.at(s![2.., 1..-1]);
        let horizontal = u.at(s![1..-1, ..-2]) + u.at(s![1..-1, 2..]);
        session.assign(v.at(s![1..-1, 1..-1]), (vertical * 0.25 + horizontal * 0.25) * 1.0)?;
        std::mem::swap(u, v);
        Ok::<_, tx_scheduler::SessionError>(())
    };
    for _ in 0..15 {
        sweep(&mut session, &mut u, &mut v)?;
    }
    session.finish()?;
    let before = session.report();
    let begin = Instant::now();
    let mut change = 0.0;
    for i in 1..=sweeps {
        sweep(&mut session, &mut u, &mut v)?;
        if i % 15 == 0 {
            change = session.item((u.read() - v.read()).abs().max())?.as_f64();
        }
    }
    session.finish()?;
    let seconds = begin.elapsed().as_secs_f64();
    let after = session.report();
    println!("{:.3} ms per sweep, last change {change:.3e}", seconds * 1e3 / sweeps as f64);
    let kernels = after.kernel_seconds - before.kernel_seconds;
    let tasks = after.tasks - before.tasks;
    println!(
        "record {:.1} %, schedule {:.1} % of kernel time; {} tasks of {:.2} µs",
        100.0 * (after.record_seconds - before.record_seconds) / kernels,
        100.0 * (after.scheduling_seconds - before.scheduling_seconds) / kernels,
        tasks,
        kernels * 1e6 / tasks as f64,
    );
    let begin = Instant::now();
    for _ in 0..200 {
        session.assign(u.at(s![.., 0]), 1.0)?;
        session.finish()?;
    }
    println!("u[:, 0] = 1.0: {:.1} µs", begin.elapsed().as_secs_f64() * 1e6 / 200.0);
    println!("{after}");
    if let Some(path) = trace {
        session.write_trace(std::io::BufWriter::new(std::fs::File::create(path)?))?;
    }
    Ok(())
}
