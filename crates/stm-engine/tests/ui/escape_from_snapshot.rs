use stm_engine::{TVar, snapshot};

fn main() {
    let var = TVar::new(String::from("a"));
    let escaped: &String = snapshot(|s| s.get(&var));
    println!("{escaped}");
}
