//! Transactions that get in each other's way: a session's ordered closures and free threads share a counter, a stock
//! array and a list. Whoever read something stale is rolled back and runs again; the sums come out right.
//!
//! `cargo run --release -p txarray --example conflicts [THREADS]`

use std::thread;

use txarray::prelude::*;

const ORDERS: usize = 400;
const SHELVES: isize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().nth(1).map_or(Ok(2), |text| text.parse())?;
    let stock = TArray::new(&Array::full([SHELVES as usize], 100))?;
    let sold = TVar::new(0i64);
    let log = TVar::new(List::new());

    let mut session = Session::new(Config::threads(threads)?);
    let prices = session.array(Array::linspace(1.0, 2.0, SHELVES as usize))?;
    let revenue = TVar::new(0.0);

    thread::scope(|scope| -> Result<(), SessionError> {
        // Two customers who do not care about order: every purchase is all or nothing.
        for customer in 0..2 {
            let (stock, sold, log) = (stock.clone(), sold.clone(), log.clone());
            scope.spawn(move || {
                for order in 0..ORDERS as isize {
                    let shelf = (order * 7 + customer) % SHELVES;
                    atomically(|tx| {
                        let left: i64 = stock.get(tx, &[shelf])?.try_into()?;
                        stock.set(tx, &[shelf], left - 1)?;
                        tx.modify(&sold, |n| n + 1)?;
                        tx.modify(&log, |list| {
                            let mut list = list.clone();
                            list.push(shelf as i64);
                            list
                        })
                    });
                }
            });
        }
        // The shop's own books: closures that run early but count in program order. Each builds on the revenue of the one
        // before, so what runs early is usually stale by its turn, rolls back and runs again.
        for day in 1..=200i64 {
            let (stock, sold, revenue) = (stock.clone(), sold.clone(), revenue.clone());
            session.dynamic(&[], move |tx| {
                // All of one moment, however often the customers interrupt.
                let left: i64 = stock.read(tx)?.sum().item()?;
                assert_eq!(left + *tx.get(&sold)?, 100 * SHELVES as i64, "a torn view");
                tx.modify(&revenue, |r| r * 0.5 + day as f64)
            })?;
            if day % 50 == 0 {
                // A private array takes part where it is declared.
                let shelf_prices = prices.clone();
                session.dynamic(&[&prices], move |tx| {
                    tx.assign(&shelf_prices, tx.read(&shelf_prices)? * 1.01)
                })?;
            }
        }
        session.finish()
    })?;

    let report = session.report();
    println!("sold {} of {}, the log has {} lines", sold.load(), 100 * SHELVES, log.load().len());
    println!(
        "revenue index {:.6}, dearest shelf {:.4}",
        revenue.load(),
        session.item(prices.read().max())?.as_f64()
    );
    println!("{report}");
    println!("{}", txarray::Engine::global().stats());
    assert_eq!(revenue.load(), (1..=200).fold(0.0, |r, day| r * 0.5 + f64::from(day)), "the serial answer");
    assert_eq!(sold.load(), 2 * ORDERS as i64);
    assert_eq!(stock.load().sum().item::<i64>()?, 100 * SHELVES as i64 - sold.load());
    Ok(())
}
