use std::cell::Cell;
use stm_engine::TVar;

fn main() {
    let _ = TVar::new(Cell::new(1));
}
