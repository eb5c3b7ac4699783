//! A sorted linked list of 256 of 512 numbers, a variable for each link: 80 % look-ups, 10 % insertions, 10 % removals.

use std::hint::black_box;
use std::sync::Arc;

use stm_engine::{Abort, TVar, Txn, atomically};
use tx_runtime::park::Mutex;

use super::{FAST_STM, ONE_LOCK, ROUNDS, Random, STM_CORE, share};
use crate::{Contest, Row, Unit};

const KEYS: usize = 512;
const N: usize = 2_000;

enum Do {
    Contains(u32),
    Insert(u32),
    Remove(u32),
}

fn draw(random: &mut Random) -> Do {
    let key = random.below(KEYS) as u32;
    match random.below(10) {
        0 => Do::Insert(key),
        1 => Do::Remove(key),
        _ => Do::Contains(key),
    }
}

/// The even keys, last to first.
fn filled() -> impl Iterator<Item = u32> {
    (0..KEYS as u32).step_by(2).rev()
}

/// A list of links that are variables of one engine.
macro_rules! list {
    ($name:ident, $($tvar:tt)+) => {
        mod $name {
            use std::sync::Arc;
            pub(super) type Link = Option<Arc<Node>>;
            pub(super) type Var<T> = $($tvar)+<T>;
            pub(super) struct Node {
                pub(super) key: u32,
                pub(super) next: Var<Link>,
            }
            /// The head of a filled list.
            pub(super) fn new() -> Var<Link> {
                let push = |next, key| Some(Arc::new(Node { key, next: Var::new(next) }));
                Var::new(super::filled().fold(None, push))
            }
        }
    };
}
list!(ours_list, stm_engine::TVar);
list!(fast_list, fast_stm::TVar);
list!(core_list, stm_core::TVar);

/// The link that leads to the first node not below `key`, and that node. References all the way.
fn find<'a, 'tx: 'a>(
    tx: &Txn<'tx>,
    head: &'a TVar<ours_list::Link>,
    key: u32,
) -> Result<(&'a TVar<ours_list::Link>, Option<&'a Arc<ours_list::Node>>), Abort> {
    let mut link = head;
    loop {
        match tx.get(link)? {
            Some(node) if node.key < key => link = &node.next,
            found => return Ok((link, found.as_ref())),
        }
    }
}

fn ours(head: &TVar<ours_list::Link>, what: &Do) -> bool {
    atomically(|tx| match *what {
        Do::Contains(key) => Ok(find(tx, head, key)?.1.is_some_and(|node| node.key == key)),
        Do::Insert(key) => {
            let (link, found) = find(tx, head, key)?;
            if found.is_some_and(|node| node.key == key) {
                return Ok(false);
            }
            let next = TVar::new(found.cloned());
            tx.set(link, Some(Arc::new(ours_list::Node { key, next })))?;
            Ok(true)
        }
        Do::Remove(key) => {
            let (link, found) = find(tx, head, key)?;
            let Some(node) = found.filter(|node| node.key == key) else { return Ok(false) };
            let rest = tx.get(&node.next)?.clone();
            // Written as well, so that who inserts behind the node that goes loses.
            tx.set(&node.next, rest.clone())?;
            tx.set(link, rest)?;
            Ok(true)
        }
    })
}

/// The same for the two engines that share an interface, which gives copies: here, of an `Arc`.
macro_rules! elder {
    ($name:ident, $stm:ident, $list:ident) => {
        fn $name(head: &$list::Var<$list::Link>, what: &Do) -> bool {
            type Found = (Option<Arc<$list::Node>>, $list::Link);
            let find = |tx: &mut $stm::Transaction, key: u32| {
                let mut before: Option<Arc<$list::Node>> = None;
                loop {
                    match before.as_ref().map_or(head, |node| &node.next).read(tx)? {
                        Some(node) if node.key < key => before = Some(node),
                        found => return Ok::<Found, _>((before, found)),
                    }
                }
            };
            $stm::atomically(|tx| match *what {
                Do::Contains(key) => Ok(find(tx, key)?.1.is_some_and(|node| node.key == key)),
                Do::Insert(key) => {
                    let (before, found) = find(tx, key)?;
                    if found.as_ref().is_some_and(|node| node.key == key) {
                        return Ok(false);
                    }
                    let node = Arc::new($list::Node { key, next: $stm::TVar::new(found) });
                    before.as_ref().map_or(head, |node| &node.next).write(tx, Some(node))?;
                    Ok(true)
                }
                Do::Remove(key) => {
                    let (before, found) = find(tx, key)?;
                    let Some(node) = found.filter(|node| node.key == key) else { return Ok(false) };
                    let rest = node.next.read(tx)?;
                    node.next.write(tx, rest.clone())?;
                    before.as_ref().map_or(head, |node| &node.next).write(tx, rest)?;
                    Ok(true)
                }
            })
        }
    };
}
elder!(fast, fast_stm, fast_list);
elder!(core, stm_core, core_list);

/// The list that needs no variables, because a lock is around it.
#[derive(Default)]
struct Plain(Option<Box<(u32, Plain)>>);

impl Plain {
    fn new() -> Self {
        filled().fold(Self(None), |next, key| Self(Some(Box::new((key, next)))))
    }

    fn apply(&mut self, what: &Do) -> bool {
        let (Do::Contains(key) | Do::Insert(key) | Do::Remove(key)) = *what;
        let mut link = self;
        while link.0.as_ref().is_some_and(|node| node.0 < key) {
            match &mut link.0 {
                Some(node) => link = &mut node.1,
                None => return false,
            }
        }
        let found = link.0.as_ref().is_some_and(|node| node.0 == key);
        match what {
            Do::Contains(_) => found,
            Do::Insert(_) if !found => {
                let next = std::mem::take(link);
                link.0 = Some(Box::new((key, next)));
                true
            }
            Do::Remove(_) if found => {
                if let Some(node) = link.0.take() {
                    *link = node.1;
                }
                true
            }
            _ => false,
        }
    }
}

pub(super) fn rows(threads: &[usize]) -> Vec<Row> {
    let (ours_head, fast_head, core_head) = (ours_list::new(), fast_list::new(), core_list::new());
    let plain = Mutex::new(Plain::new());
    let contests = threads.iter().map(|&threads| {
        let (ours_head, fast_head, core_head, plain) = (&ours_head, &fast_head, &core_head, &plain);
        let run = move |operation: &(dyn Fn(&Do) -> bool + Sync)| {
            share(threads, N, |random| {
                black_box(operation(&draw(random)));
            })
        };
        Contest::new("stm/list", Unit::NsPerOp, N)
            .threads(threads)
            .ours(move || run(&|what| ours(ours_head, what)))
            .rival(FAST_STM, move || run(&|what| fast(fast_head, what)))
            .rival(STM_CORE, move || run(&|what| core(core_head, what)))
            .rival(ONE_LOCK, move || run(&|what| plain.lock().apply(what)))
    });
    Contest::together(contests.collect(), ROUNDS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_lists_do_what_a_set_does() {
        let (a, b, c, mut d) = (ours_list::new(), fast_list::new(), core_list::new(), Plain::new());
        let mut set: BTreeSet<u32> = filled().collect();
        let mut random = Random::of_thread(0);
        for step in 0..5000 {
            let what = draw(&mut random);
            let expected = match what {
                Do::Contains(key) => set.contains(&key),
                Do::Insert(key) => set.insert(key),
                Do::Remove(key) => set.remove(&key),
            };
            let found = [ours(&a, &what), fast(&b, &what), core(&c, &what), d.apply(&what)];
            assert_eq!(found, [expected; 4], "step {step}");
        }
    }
}
