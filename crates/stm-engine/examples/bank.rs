//! A bank: transfers that are all or nothing, an audit that never disturbs them, and a report of who got in whose way.
//!
//! `cargo run --release -p stm-engine --example bank`

use std::thread;

use stm_engine::{Engine, Options, TVar, TxError, snapshot, try_atomically};

#[derive(Debug, thiserror::Error)]
#[error("{short} too little in the account")]
struct TooPoor {
    short: i64,
}

/// Move `amount`, or nothing at all.
fn transfer(from: &TVar<i64>, to: &TVar<i64>, amount: i64) -> Result<(), TxError> {
    try_atomically(&Options::new().label("transfer"), |tx| {
        let balance = *tx.get(from)?;
        if balance < amount {
            // Any error type ends the transaction, and comes out of it.
            return Err(TooPoor { short: amount - balance }.into());
        }
        tx.set(from, balance - amount)?;
        tx.modify(to, |balance| balance + amount)
    })
}

fn main() {
    Engine::global().record_conflicts(true);
    let accounts: Vec<_> = (0..10).map(|_| TVar::labelled("account", 100)).collect();
    thread::scope(|scope| {
        for teller in 0..4 {
            let accounts = &accounts;
            scope.spawn(move || {
                let mut refused = 0;
                for i in 0..50_000 {
                    let (from, to) = ((i * 7 + teller) % 10, (i * 3 + 1) % 10);
                    refused += i32::from(transfer(&accounts[from], &accounts[to], i as i64 % 40).is_err());
                }
                println!("teller {teller}: {refused} transfers refused");
            });
        }
        for _ in 0..5 {
            // One moment of all accounts, while everybody goes on.
            let sum: i64 = snapshot(|s| accounts.iter().map(|account| s.get(account)).sum());
            println!("audit: {sum}");
            assert_eq!(sum, 1000);
        }
    });
    println!("{}", Engine::global().stats());
    for row in Engine::global().conflicts().top(3) {
        println!("{row}");
    }
}
