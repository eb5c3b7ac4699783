use std::rc::Rc;
use stm_engine::Engine;

fn main() {
    let prepared = Engine::new().prepare(|_| Ok(Rc::new(1))).unwrap();
    std::thread::spawn(move || prepared.commit());
}
