//! Rewriting an expression bottom up, without recursion, each shared node once.

use super::{Args, Node};
use crate::array::Array;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A hasher for addresses and short keys: one multiplication for eight bytes. Not for keys that an enemy chooses.
#[derive(Default, Clone)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_ne_bytes(*word));
        }
        for &b in rest {
            self.write_u64(u64::from(b));
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

pub(crate) type AddressMap<K, V> = HashMap<K, V, BuildHasherDefault<AddressHasher>>;

/// What happens to each node.
pub(crate) trait Rewrite {
    /// Why it may stop.
    type Error;
    /// The node as it is, without looking at its arguments; `None` descends.
    fn enter(&mut self, node: &Array) -> Result<Option<Array>, Self::Error>;
    /// The node with rewritten arguments.
    fn leave(&mut self, node: &Array, args: Args) -> Result<Array, Self::Error>;
}

/// Rewrites `root` and everything below it, arguments first.
pub(crate) fn rewrite<R: Rewrite>(root: &Array, rules: &mut R) -> Result<Array, R::Error> {
    rewrite_known(&mut AddressMap::default(), root, rules)
}

/// As [`rewrite`], of what is not in `done` yet: shared parts of several roots, all of which live meanwhile, are met once.
pub(crate) fn rewrite_known<R: Rewrite>(
    done: &mut AddressMap<*const Node, Array>,
    root: &Array,
    rules: &mut R,
) -> Result<Array, R::Error> {
    // `values` holds rewritten arguments, in order, of the nodes on `stack`.
    let mut values: Vec<Array> = Vec::new();
    let mut stack: Vec<(&Array, usize)> = Vec::new();
    let mut next = Some(root);
    loop {
        if let Some(node) = next.take() {
            if let Some(known) = done.get(&node.address()) {
                values.push(known.clone());
            } else if let Some(value) = rules.enter(node)? {
                done.insert(node.address(), value.clone());
                values.push(value);
            } else {
                stack.push((node, 0));
            }
        }
        let Some((node, child)) = stack.last_mut() else { break };
        if let Some(arg) = node.0.args().get(*child) {
            *child += 1;
            next = Some(arg);
        } else {
            // Handed over, so that what nobody else holds may end there.
            let args: Args = values.drain(values.len() - node.0.args().len()..).collect();
            let value = rules.leave(node, args)?;
            // A node with one owner is met once.
            if node.is_shared() {
                done.insert(node.address(), value.clone());
            }
            values.push(value);
            stack.pop();
        }
    }
    Ok(values.pop().expect("the root leaves one value"))
}
