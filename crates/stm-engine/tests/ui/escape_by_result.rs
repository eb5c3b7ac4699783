use stm_engine::{TVar, atomically};

fn main() {
    let var = TVar::new(String::from("a"));
    let escaped: &String = atomically(|tx| tx.get(&var));
    println!("{escaped}");
}
