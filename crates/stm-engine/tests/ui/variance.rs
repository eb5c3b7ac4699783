use stm_engine::TVar;

fn main() {
    let any: TVar<for<'a> fn(&'a str) -> &'a str> = TVar::new(|s| s);
    let narrow: TVar<fn(&'static str) -> &'static str> = any.clone();
    let _ = (any, narrow);
}
