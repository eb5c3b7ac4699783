//! A recycling pool of memory blocks.
//!
//! A fresh 4 KiB page costs 1.4-2 µs at its first touch, more than the arithmetic on it; so freed blocks wait in free lists, last
//! in first out (the newest is the likeliest to be in a cache), one list per size class (four classes per power of two, so
//! at most a quarter is wasted). Blocks of 2 MiB and more are aligned to huge pages and the system is told so; where
//! there are many blocks of the size of tiles, the next ones are cut from [slabs](super::slab) of huge pages.
//!
//! **Invariants** P1: a pointer in a free list is owned by the list: an allocation of exactly its class's layout, or a block of a slab cut
//! for the class. P2: `cached` is never below the bytes in the lists, and a block is kept only while it stays within the cap,
//! but for blocks of slabs of which others are in use (`pinned`): these have nowhere else to go, and do not count against the cap.
//! What does not fit takes the place of larger blocks, if there are any.
//! **Trade-offs** a slab that goes takes its blocks out of the list of its class, which is walked for that.
//! **4 KiB aliasing** a load that follows a store to the same offset in another page stalls; so large blocks start at varied
//! offsets ("colours", 256 bytes apart, a function of the address) instead of all at the head of a page.

use std::{
    alloc::{Layout as Memory, alloc, alloc_zeroed, dealloc},
    fmt,
    ptr::NonNull,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::slab::{self, Slab};

pub(super) const HUGE: usize = 2 << 20;
const CLASSES: usize = 4 * 50;
/// Blocks from here on are coloured.
const COLOURED: usize = 16 << 10;
/// Behind blocks of so many bytes lies memory that is nobody's: what begins where one ends is a part of the same row.
pub(crate) const SPACED: usize = COLOURED;
const COLOUR_STEP: usize = 256;
/// A class of coloured blocks has so many bytes allocated one by one before it gets slabs: a program with one small array should
/// not pay for a huge page.
const LOOSE_BYTES: usize = 1 << 20;
/// The classes from here on, 2 MiB and more, make room for smaller blocks when the cap is reached.
const ROOMY: usize = 4 * 15;
/// A pool with a smaller cap has no slabs.
const SLABBED_CAP: usize = 16 << 20;

/// A recycling pool of 64-byte aligned memory blocks. Cloning gives another handle to the same pool.
///
/// Blocks that are dropped come back to the pool they were taken from, up to its cap; [`trim`](Self::trim) empties it.
/// Blocks of 16 to 224 KiB, when there are many of a size, are cut from huge pages of 2 MiB; such a page can only be given back, by
/// `trim` or for the cap, when none of its blocks is in use: until then its unused blocks wait for arrays of their size, and do not
/// count against the cap. Neither do parts of rows ([`take_row`](Self::take_row)) that were dropped before the rest of their row.
///
/// ```
/// use array_core::{BlockPool, DType};
/// let pool = BlockPool::new(64 << 20);
/// drop(pool.take(DType::F64, 1000)?);
/// assert!(pool.cached_bytes() >= 8000);
/// pool.trim();
/// assert_eq!(pool.cached_bytes(), 0);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Clone)]
pub struct BlockPool(Arc<Shared>);

struct Shared {
    classes: Box<[Mutex<Class>]>,
    cached: AtomicUsize,
    /// What of that is in blocks of [`ROOMY`] classes.
    roomy: AtomicUsize,
    /// What of that is in slabs of which a part is in use, and cannot be given back.
    pinned: AtomicUsize,
    /// Bytes of rows of which a part is in use, and of those the parts that were dropped.
    rows: AtomicUsize,
    dead_in_rows: AtomicUsize,
    cap: usize,
}

#[derive(Default)]
struct Class {
    free: Vec<Free>,
    /// Blocks that were allocated one by one and are still there.
    loose: usize,
}

/// A block in a free list (P1).
#[derive(Clone, Copy)]
struct Free {
    base: NonNull<u8>,
    /// Whether it is a slab's.
    cut: bool,
}
// SAFETY: the list owns the memory; nobody else has the pointer.
unsafe impl Send for Free {}

/// Memory of a size class, owned. Goes back to its pool when dropped.
pub(super) struct Block {
    base: NonNull<u8>,
    colour: u32,
    class: u16,
    cut: bool,
    pool: Arc<Shared>,
}

// SAFETY: the block owns its memory exclusively; the pool is shared behind locks and atomics.
unsafe impl Send for Block {}
// SAFETY: a shared Block only gives out its address.
unsafe impl Sync for Block {}

/// Size class for `bytes`, and the bytes of that class: 64, 80, 96, 112, 128, 160, …
fn class_of(bytes: usize) -> Option<(usize, usize)> {
    let units = bytes.div_ceil(16).max(4);
    // The largest shift with 4 << shift <= units; rounding up may reach step 8, which is the next shift's 4.
    let shift = units.ilog2() as usize - 2;
    let step = units.div_ceil(1 << shift);
    let class = 4 * shift + (step - 4);
    let size = step.checked_shl(shift as u32 + 4)?;
    (class < CLASSES && size <= isize::MAX as usize - HUGE).then_some((class, size))
}

/// The memory layout of a class: the same for every block of it (P1).
fn memory_of(class: usize) -> Memory {
    let (shift, step) = (class / 4, class % 4 + 4);
    let size = step << (shift + 4);
    let (align, room) = match size {
        HUGE.. => (HUGE, 4096),
        COLOURED.. => (64, 4096),
        _ => (64, 0),
    };
    Memory::from_size_align(size + room, align).expect("class sizes stay below isize::MAX")
}

impl BlockPool {
    /// A pool that keeps at most `cap_bytes` of unused blocks, besides those that share a huge page with one in use.
    pub fn new(cap_bytes: usize) -> BlockPool {
        BlockPool(Arc::new(Shared {
            classes: (0..CLASSES).map(|_| Mutex::default()).collect(),
            cached: AtomicUsize::new(0),
            roomy: AtomicUsize::new(0),
            pinned: AtomicUsize::new(0),
            rows: AtomicUsize::new(0),
            dead_in_rows: AtomicUsize::new(0),
            cap: cap_bytes,
        }))
    }

    /// Bytes of unused blocks held now.
    pub fn cached_bytes(&self) -> usize {
        self.0.cached.load(Relaxed)
    }

    /// Bytes of the rows ([`take_row`](Self::take_row)) of which a part is in use.
    ///
    /// ```
    /// use array_core::{BlockPool, DType};
    /// let pool = BlockPool::new(1 << 20);
    /// let row = pool.take_row(DType::F64, 1000, 3)?;
    /// assert_eq!(pool.row_bytes(), 24_000);
    /// # drop(row);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn row_bytes(&self) -> usize {
        self.0.rows.load(Relaxed)
    }

    /// What of [`row_bytes`](Self::row_bytes) was dropped: nobody's until the rest of its row is dropped too. Neither under the cap nor
    /// given back by [`trim`](Self::trim).
    ///
    /// ```
    /// use array_core::{BlockPool, DType};
    /// let pool = BlockPool::new(1 << 20);
    /// let mut row = pool.take_row(DType::F64, 1000, 3)?;
    /// row.truncate(1);
    /// assert_eq!((pool.row_bytes(), pool.dead_row_bytes()), (24_000, 16_000));
    /// drop(row);
    /// assert_eq!((pool.row_bytes(), pool.dead_row_bytes()), (0, 0));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn dead_row_bytes(&self) -> usize {
        self.0.dead_in_rows.load(Relaxed)
    }

    /// Gives every unused block back to the system that shares no huge page, and no row, with one in use.
    pub fn trim(&self) {
        self.0.trim();
    }

    /// A block of at least `bytes`; `None` when the system has none.
    pub(super) fn block(&self, bytes: usize, zeroed: bool) -> Option<Block> {
        let (class, size) = class_of(bytes)?;
        let memory = memory_of(class);
        let recycled = self.0.pop(class, memory.size());
        let Free { base, cut } = match recycled {
            Some(free) => {
                if zeroed {
                    // SAFETY: the block is ours (P1) and as long as its layout says.
                    unsafe { free.base.as_ptr().write_bytes(0, memory.size()) };
                }
                free
            }
            None => {
                // SAFETY: the layout has a size above zero.
                let base = NonNull::new(unsafe { if zeroed { alloc_zeroed(memory) } else { alloc(memory) } });
                let Some(base) = base else {
                    self.0.class(class).loose -= 1;
                    return None;
                };
                if memory.align() == HUGE {
                    advise(base, memory);
                }
                Free { base, cut: false }
            }
        };
        Some(Block {
            base,
            colour: colour_of(base, size) as u32,
            class: class as u16,
            cut,
            pool: self.0.clone(),
        })
    }
}

/// A colour that is a function of the address, so that a recycled block starts where it did before.
fn colour_of(base: NonNull<u8>, size: usize) -> usize {
    let page = base.as_ptr() as usize / 4096;
    let hash = (page as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
    if size < COLOURED { 0 } else { hash as usize * COLOUR_STEP }
}

impl Shared {
    fn class(&self, class: usize) -> MutexGuard<'_, Class> {
        self.classes[class].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block of a class from its free list or a new slab; `None`: it is to be allocated, and counts as loose from now on.
    fn pop(&self, class: usize, size: usize) -> Option<Free> {
        let mut held = self.class(class);
        if held.free.is_empty()
            && (COLOURED..=slab::LARGEST).contains(&size)
            && held.loose * size >= LOOSE_BYTES
            && self.cap >= SLABBED_CAP
        {
            // Without the lock: the system clears a huge page when it is first touched, which takes as long as it is large.
            drop(held);
            let slab = Slab::new();
            held = self.class(class);
            if let Some(slab) = slab {
                // SAFETY: the slab is new, and its class's lock is held.
                let blocks = unsafe { slab.rest(slab::blocks_of(size) as isize) };
                self.count(class, blocks * size);
                held.shelve(slab, size);
            }
        }
        let popped = held.free.pop();
        match popped {
            Some(free) => {
                self.uncount(class, size);
                if free.cut {
                    // SAFETY: the block is of a slab of this class, whose lock we hold.
                    let resting = unsafe { Slab::of(free.base).rest(-1) };
                    if resting + 1 == slab::blocks_of(size) {
                        self.pinned.fetch_add(resting * size, Relaxed);
                    } else {
                        self.pinned.fetch_sub(size, Relaxed);
                    }
                }
            }
            None => held.loose += 1,
        }
        popped
    }

    /// Counts `bytes` more in the lists.
    fn count(&self, class: usize, bytes: usize) {
        // ORDER: Relaxed everywhere: these are budgets, blocks themselves are handed over under their class's lock.
        if class >= ROOMY {
            self.roomy.fetch_add(bytes, Relaxed);
        }
        self.cached.fetch_add(bytes, Relaxed);
    }

    fn uncount(&self, class: usize, bytes: usize) {
        if class >= ROOMY {
            self.roomy.fetch_sub(bytes, Relaxed);
        }
        self.cached.fetch_sub(bytes, Relaxed);
    }

    /// By how much what could be given back exceeds the cap.
    fn over(&self) -> usize {
        let idle = self.cached.load(Relaxed).saturating_sub(self.pinned.load(Relaxed));
        idle.saturating_sub(self.cap)
    }

    /// Takes a block back, or gives it to the system if it does not fit the cap.
    fn push(&self, class: usize, free: Free) {
        let memory = memory_of(class);
        self.count(class, memory.size());
        if free.cut {
            return self.push_cut(class, free);
        }
        let over = self.over();
        let fits = over == 0 || self.make_room(class, over);
        let mut held = self.class(class);
        if fits {
            held.free.push(free);
        } else {
            held.loose -= 1;
            drop(held);
            self.uncount(class, memory.size());
            // SAFETY: P1.
            unsafe { dealloc(free.base.as_ptr(), memory) };
        }
    }

    /// Takes a block of a slab back. It stays; but if it is the last of its slab to rest, and does not fit, all the slab goes.
    fn push_cut(&self, class: usize, free: Free) {
        let size = memory_of(class).size();
        let blocks = slab::blocks_of(size);
        let mut held = self.class(class);
        // SAFETY: the block is of a slab of this class, whose lock we hold.
        let (slab, resting) = unsafe {
            let slab = Slab::of(free.base);
            (slab, slab.rest(1))
        };
        held.free.push(free);
        if resting < blocks {
            self.pinned.fetch_add(size, Relaxed);
            return;
        }
        self.pinned.fetch_sub((blocks - 1) * size, Relaxed);
        let over = self.over();
        if over == 0 {
            return;
        }
        // SAFETY: blocks in a free list that are cut are of slabs that are there.
        held.free.retain(|other| !other.cut || unsafe { Slab::of(other.base) } != slab);
        drop(held);
        if self.make_room(class, over) {
            self.class(class).shelve(slab, size);
        } else {
            self.uncount(class, blocks * size);
            // SAFETY: all its blocks rested (S2), and have left the list: nobody knows of them any more.
            unsafe { slab.release() };
        }
    }

    /// Gives larger blocks back, the largest first and of these the one that has waited longest, until `bytes` are free; whether
    /// there were enough. What a program has done with would otherwise fill the pool for good, and what it uses now find no place.
    #[cold]
    fn make_room(&self, class: usize, bytes: usize) -> bool {
        let mut room = 0;
        for larger in (ROOMY.max(class + 1)..CLASSES).rev() {
            if self.roomy.load(Relaxed) == 0 {
                break;
            }
            let memory = memory_of(larger);
            let mut held = self.class(larger);
            let count = (bytes - room).div_ceil(memory.size()).min(held.free.len());
            let leaving: Vec<Free> = held.free.drain(..count).collect();
            held.loose -= count;
            drop(held);
            self.uncount(larger, count * memory.size());
            room += count * memory.size();
            for Free { base, .. } in leaving {
                // SAFETY: P1; blocks this large are never cut.
                unsafe { dealloc(base.as_ptr(), memory) };
            }
            if room >= bytes {
                return true;
            }
        }
        false
    }

    /// Gives back what can be given back: blocks that are not cut, and slabs whose blocks all rest.
    fn trim(&self) {
        for class in 0..CLASSES {
            let memory = memory_of(class);
            let mut held = self.class(class);
            let all = slab::blocks_of(memory.size());
            // SAFETY: blocks in a free list that are cut are of slabs that are there, and the lock is held.
            let leaves = |free: &Free| !free.cut || unsafe { Slab::of(free.base).rest(0) } == all;
            let (leaving, staying): (Vec<Free>, Vec<Free>) = held.free.drain(..).partition(leaves);
            held.free = staying;
            held.loose -= leaving.iter().filter(|free| !free.cut).count();
            drop(held);
            self.uncount(class, leaving.len() * memory.size());
            for Free { base, cut } in leaving {
                if !cut {
                    // SAFETY: P1.
                    unsafe { dealloc(base.as_ptr(), memory) };
                } else if base.addr().get() % HUGE == slab::HEADER {
                    // SAFETY: all blocks of the slab rested (S2) and are leaving; its first one stands for them.
                    unsafe { Slab::of(base).release() };
                }
            }
        }
    }
}

impl Class {
    /// Puts the blocks of a slab of which all rest into the free list, the first on top.
    fn shelve(&mut self, slab: Slab, size: usize) {
        let blocks = 0..slab::blocks_of(size);
        self.free.extend(blocks.rev().map(|i| Free { base: slab.block(i, size), cut: true }));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // No block is in use: each holds the pool.
        self.trim();
    }
}

impl Block {
    /// Start of the usable bytes, 64-byte aligned.
    pub(super) fn ptr(&self) -> *mut u8 {
        // SAFETY: the allocation has room for the class's bytes and one page of colour.
        unsafe { self.base.as_ptr().add(self.colour as usize) }
    }

    /// Counts so many more bytes in rows, and so many more of them dead.
    pub(super) fn count_rows(&self, bytes: isize, dead: isize) {
        // ORDER: Relaxed, as other counts.
        self.pool.rows.fetch_add(bytes as usize, Relaxed);
        self.pool.dead_in_rows.fetch_add(dead as usize, Relaxed);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.pool.push(self.class as usize, Free { base: self.base, cut: self.cut });
    }
}

/// Tells the system that huge pages are welcome. A refusal changes nothing but speed.
pub(super) fn advise(base: NonNull<u8>, memory: Memory) {
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: the range is our own allocation; the advice does not change its contents.
    unsafe {
        libc::madvise(base.as_ptr().cast(), memory.size(), libc::MADV_HUGEPAGE);
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (base, memory);
}

impl fmt::Debug for BlockPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockPool")
            .field("cached_bytes", &self.cached_bytes())
            .field("cap", &self.0.cap)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_promise_and_waste_at_most_a_quarter() {
        let mut sizes: Vec<usize> = (0..5000).collect();
        sizes.extend((12..40).flat_map(|s| [(1usize << s) - 1, 1 << s, (1 << s) + 1, 3 << (s - 1)]));
        assert_eq!(class_of(HUGE), Some((ROOMY, HUGE)));
        for bytes in sizes {
            let (class, size) = class_of(bytes).unwrap();
            assert!(size >= bytes && memory_of(class).size() >= size, "{bytes} in {size}");
            assert!(size <= (bytes + bytes / 4 + 16).max(64), "{bytes} wastes in {size}");
        }
    }

    #[test]
    fn the_cap_is_kept() {
        let pool = BlockPool::new(100_000);
        let blocks: Vec<_> = (0..10).map(|_| pool.block(30_000, false).unwrap()).collect();
        drop(blocks);
        assert!(pool.cached_bytes() <= 100_000 && pool.cached_bytes() > 0);
    }

    /// Bytes of a tile, and how many are allocated one by one before slabs are cut.
    const TILE: usize = 80 << 10;

    fn loose_tiles() -> usize {
        LOOSE_BYTES.div_ceil(memory_of(class_of(TILE).unwrap().0).size())
    }

    fn fill(tile: &Block, byte: u8) {
        // SAFETY: the block is ours and as long as it was asked for.
        unsafe { tile.ptr().write_bytes(byte, TILE) };
    }

    /// Whether all bytes, which were written before, are `byte`.
    fn holds(tile: &Block, byte: u8) -> bool {
        // SAFETY: the block is ours and as long as it was asked for.
        unsafe { std::slice::from_raw_parts(tile.ptr(), TILE) }.iter().all(|&b| b == byte)
    }

    #[test]
    fn many_tiles_lie_on_huge_pages_and_are_used_again() {
        let pool = BlockPool::new(64 << 20);
        let places = |tiles: &[Block]| {
            let mut places: Vec<usize> = tiles.iter().map(|tile| tile.ptr() as usize).collect();
            places.sort_unstable();
            places
        };
        let tiles: Vec<Block> = (0..200).map(|_| pool.block(TILE, false).unwrap()).collect();
        assert_eq!(tiles.iter().filter(|tile| !tile.cut).count(), loose_tiles());
        tiles.iter().zip(0..).for_each(|(tile, byte)| fill(tile, byte));
        assert!(tiles.iter().zip(0..).all(|(tile, byte)| holds(tile, byte)), "no tile reaches into another");
        let before = places(&tiles);
        drop(tiles);
        let again: Vec<Block> = (0..200).map(|_| pool.block(TILE, true).unwrap()).collect();
        assert!(again.iter().all(|tile| holds(tile, 0)));
        assert_eq!(places(&again), before);
        drop(again);
        pool.trim();
        assert_eq!(pool.cached_bytes(), 0);
    }

    #[test]
    fn a_slab_stays_while_one_of_its_blocks_is_used() {
        let pool = BlockPool::new(64 << 20);
        let mut tiles: Vec<Block> = (0..100).map(|_| pool.block(TILE, false).unwrap()).collect();
        let kept = tiles.pop().unwrap();
        assert!(kept.cut);
        fill(&kept, 7);
        drop(tiles);
        pool.trim();
        let slab =
            slab::blocks_of(memory_of(kept.class as usize).size()) * memory_of(kept.class as usize).size();
        assert!((1..slab).contains(&pool.cached_bytes()), "the rest of its slab: {}", pool.cached_bytes());
        assert!(holds(&kept, 7));
        drop(kept);
        pool.trim();
        assert_eq!((pool.cached_bytes(), pool.0.pinned.load(Relaxed)), (0, 0));
    }

    #[test]
    fn slabs_beyond_the_cap_go_back() {
        let pool = BlockPool::new(SLABBED_CAP);
        let tiles: Vec<Block> = (0..1000).map(|_| pool.block(TILE, false).unwrap()).collect();
        // Two interleaved halves: most slabs become free only with the second.
        let (first, second): (Vec<_>, Vec<_>) = tiles.into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
        drop(first);
        assert!(pool.cached_bytes() > SLABBED_CAP, "their slabs are in use: {}", pool.cached_bytes());
        assert_eq!(pool.0.over(), 0);
        let loose = pool.block(3 << 20, false).unwrap();
        let base = loose.base;
        drop(loose);
        assert_eq!(pool.block(3 << 20, false).unwrap().base, base, "other blocks are kept all the same");
        drop(second);
        assert!((1..=SLABBED_CAP).contains(&pool.cached_bytes()), "{}", pool.cached_bytes());
        let small = BlockPool::new(SLABBED_CAP - 1);
        let tiles: Vec<Block> = (0..100).map(|_| small.block(TILE, false).unwrap()).collect();
        assert!(tiles.iter().all(|tile| !tile.cut), "a small cap is kept");
    }

    #[test]
    fn threads_never_hold_the_same_block() {
        let pool = BlockPool::new(SLABBED_CAP);
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let pool = pool.clone();
                scope.spawn(move || {
                    for round in 0..20 {
                        let tiles: Vec<Block> = (0..60).map(|_| pool.block(TILE, false).unwrap()).collect();
                        tiles.iter().for_each(|tile| fill(tile, thread));
                        if round % 5 == 0 {
                            pool.trim();
                        }
                        assert!(tiles.iter().all(|tile| holds(tile, thread)));
                    }
                });
            }
        });
        pool.trim();
        assert_eq!(pool.cached_bytes(), 0);
    }

    #[test]
    fn what_is_used_takes_the_place_of_larger_blocks() {
        let pool = BlockPool::new(64 << 20);
        let large: Vec<Block> = (0..4).map(|_| pool.block(12 << 20, false).unwrap()).collect();
        let oldest = large[0].base;
        drop(large);
        let full = pool.cached_bytes();
        assert!(full > 48 << 20);
        let middle: Vec<Block> = (0..6).map(|_| pool.block(3 << 20, false).unwrap()).collect();
        drop(middle);
        assert!(pool.cached_bytes() <= 64 << 20);
        let again: Vec<Block> = (0..6).map(|_| pool.block(3 << 20, false).unwrap()).collect();
        let left = pool.cached_bytes();
        assert!(left < full, "one of the large blocks went");
        let large: Vec<Block> = (0..3).map(|_| pool.block(12 << 20, false).unwrap()).collect();
        assert!(pool.cached_bytes() == 0 && large.iter().all(|block| block.base != oldest));
        drop(large);
        drop(again);
        assert!(pool.cached_bytes() <= 64 << 20);
        pool.trim();
        assert_eq!((pool.cached_bytes(), pool.0.roomy.load(Relaxed)), (0, 0));
    }
}
