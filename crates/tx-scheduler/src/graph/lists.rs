//! Short lists of numbers, one after another in one block of memory: those of tasks, which come and go in order.
//!
//! A list is a start and a length. Starts count on and wrap; fewer than 2³² numbers are held where a list begins.

/// Numbers in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    numbers: Vec<u32>,
    /// The start of a list that would begin with `numbers[0]`.
    base: u32,
}

/// One list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct List {
    start: u32,
    len: u32,
}

impl List {
    /// The list of `len` numbers that begins at `start`.
    #[inline]
    pub(crate) fn at(start: u32, len: usize) -> Self {
        Self { start, len: len as u32 }
    }

    pub(crate) fn start(self) -> u32 {
        self.start
    }

    pub(crate) fn len(self) -> usize {
        self.len as usize
    }
}

/// So many numbers are forgotten at a time, at least.
const FORGOTTEN: usize = 1024;

impl Lists {
    /// A list with nothing in it yet, behind all others.
    #[inline]
    pub(crate) fn begin(&self) -> List {
        assert!(self.numbers.len() <= u32::MAX as usize, "fewer than 2^32 accesses at once");
        List { start: self.base.wrapping_add(self.numbers.len() as u32), len: 0 }
    }

    /// Add to the last list.
    #[inline]
    pub(crate) fn push(&mut self, list: &mut List, number: u32) {
        debug_assert!(list.start.wrapping_add(list.len) == self.begin().start, "only the last list grows");
        self.numbers.push(number);
        list.len += 1;
    }

    #[inline]
    pub(crate) fn get(&self, list: List) -> &[u32] {
        let start = list.start.wrapping_sub(self.base) as usize;
        &self.numbers[start..start + list.len as usize]
    }

    /// Nobody looks at the lists before `oldest`, or at any, again.
    pub(crate) fn forget_before(&mut self, oldest: Option<List>) {
        let forgotten = match oldest {
            Some(list) => list.start.wrapping_sub(self.base) as usize,
            None => self.numbers.len(),
        };
        if forgotten == self.numbers.len() || forgotten >= FORGOTTEN.max(self.numbers.len() / 2) {
            self.numbers.drain(..forgotten);
            self.base = self.base.wrapping_add(forgotten as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_numbers_while_older_ones_are_forgotten_and_starts_wrap() {
        let mut lists = Lists { base: u32::MAX - 5000, ..Lists::default() };
        let mut kept = std::collections::VecDeque::new();
        for round in 0..5000 {
            let mut list = lists.begin();
            (0..round % 5).for_each(|i| lists.push(&mut list, round + i));
            kept.push_back((round, list));
            if kept.len() > 50 {
                kept.pop_front();
                lists.forget_before(kept.front().map(|&(_, list)| list));
            }
            for &(round, list) in &kept {
                assert!(lists.get(list).iter().copied().eq((0..round % 5).map(|i| round + i)));
            }
            assert!(lists.numbers.len() <= 2 * FORGOTTEN);
        }
        lists.forget_before(None);
        assert!(lists.numbers.is_empty() && lists.base < u32::MAX / 2);
    }
}
