use std::cell::Cell;
use stm_engine::{TVar, atomically};

fn main() {
    let var = TVar::new(String::from("a"));
    let place: Cell<Option<&String>> = Cell::new(None);
    atomically(|tx| {
        place.set(Some(tx.get(&var)?));
        Ok(())
    });
    println!("{:?}", place.get());
}
