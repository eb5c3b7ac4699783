//! A recycling pool of memory blocks.
//!
//! A fresh 4 KiB page costs 1.4-2 µs at its first touch, more than the arithmetic on it; so freed blocks wait in free lists, last
//! in first out (the newest is the likeliest to be in a cache), one list per size class (four classes per power of two, so
//! at most a quarter is wasted). Blocks of 2 MiB and more are aligned to huge pages and the system is told so.
//!
//! **Invariants** P1: a pointer in a free list is an allocation of exactly its class's layout, owned by the list.
//! P2: `cached` is never below the bytes in the lists, and a block is kept only while it stays within the cap.
//! **4 KiB aliasing** a load that follows a store to the same offset in another page stalls; so large blocks start at varied
//! offsets ("colours", 256 bytes apart, a function of the address) instead of all at the head of a page.

use std::{
    alloc::{Layout as Memory, alloc, alloc_zeroed, dealloc},
    fmt,
    ptr::NonNull,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

const HUGE: usize = 2 << 20;
const CLASSES: usize = 4 * 50;
/// Blocks from here on are coloured.
const COLOURED: usize = 16 << 10;
const COLOUR_STEP: usize = 256;

/// A recycling pool of 64-byte aligned memory blocks. Cloning gives another handle to the same pool.
///
/// Blocks that are dropped come back to the pool they were taken from, up to its cap; [`trim`](Self::trim) empties it.
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
    lists: Box<[Mutex<Vec<Free>>]>,
    cached: AtomicUsize,
    cap: usize,
}

/// A block in a free list (P1).
struct Free(NonNull<u8>);
// SAFETY: the list owns the allocation; nobody else has the pointer.
unsafe impl Send for Free {}

/// An allocation of a size class, owned. Goes back to its pool when dropped.
pub(super) struct Block {
    base: NonNull<u8>,
    colour: u32,
    class: u16,
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
    /// A pool that keeps at most `cap_bytes` of unused blocks.
    pub fn new(cap_bytes: usize) -> BlockPool {
        BlockPool(Arc::new(Shared {
            lists: (0..CLASSES).map(|_| Mutex::new(Vec::new())).collect(),
            cached: AtomicUsize::new(0),
            cap: cap_bytes,
        }))
    }

    /// Bytes of unused blocks held now.
    pub fn cached_bytes(&self) -> usize {
        self.0.cached.load(Relaxed)
    }

    /// Gives every unused block back to the system.
    pub fn trim(&self) {
        for (class, list) in self.0.lists.iter().enumerate() {
            let blocks = std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner));
            self.0.release(class, blocks);
        }
    }

    /// A block of at least `bytes`; `None` when the system has none.
    pub(super) fn block(&self, bytes: usize, zeroed: bool) -> Option<Block> {
        let (class, size) = class_of(bytes)?;
        let memory = memory_of(class);
        let recycled = self.0.lists[class].lock().unwrap_or_else(PoisonError::into_inner).pop();
        let base = match recycled {
            Some(Free(base)) => {
                self.0.cached.fetch_sub(memory.size(), Relaxed);
                if zeroed {
                    // SAFETY: the block is ours (P1) and as long as its layout says.
                    unsafe { base.as_ptr().write_bytes(0, memory.size()) };
                }
                base
            }
            None => {
                // SAFETY: the layout has a size above zero.
                let base =
                    NonNull::new(unsafe { if zeroed { alloc_zeroed(memory) } else { alloc(memory) } })?;
                advise(base, memory);
                base
            }
        };
        Some(Block { base, colour: colour_of(base, size) as u32, class: class as u16, pool: self.0.clone() })
    }
}

/// A colour that is a function of the address, so that a recycled block starts where it did before.
fn colour_of(base: NonNull<u8>, size: usize) -> usize {
    let page = base.as_ptr() as usize / 4096;
    let hash = (page as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
    if size < COLOURED { 0 } else { hash as usize * COLOUR_STEP }
}

impl Shared {
    fn release(&self, class: usize, blocks: Vec<Free>) {
        let memory = memory_of(class);
        for Free(base) in blocks {
            self.cached.fetch_sub(memory.size(), Relaxed);
            // SAFETY: P1.
            unsafe { dealloc(base.as_ptr(), memory) };
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for class in 0..CLASSES {
            let blocks = std::mem::take(self.lists[class].get_mut().unwrap_or_else(PoisonError::into_inner));
            self.release(class, blocks);
        }
    }
}

impl Block {
    /// Start of the usable bytes, 64-byte aligned.
    pub(super) fn ptr(&self) -> *mut u8 {
        // SAFETY: the allocation has room for the class's bytes and one page of colour.
        unsafe { self.base.as_ptr().add(self.colour as usize) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let memory = memory_of(self.class as usize);
        // ORDER: Relaxed everywhere: `cached` is a budget, the block itself is handed over under the list's lock.
        let held = self.pool.cached.fetch_add(memory.size(), Relaxed);
        if held.saturating_add(memory.size()) <= self.pool.cap {
            let list = &self.pool.lists[self.class as usize];
            list.lock().unwrap_or_else(PoisonError::into_inner).push(Free(self.base));
        } else {
            self.pool.release(self.class as usize, vec![Free(self.base)]);
        }
    }
}

/// Tells the system that huge pages are welcome. A refusal changes nothing but speed.
fn advise(base: NonNull<u8>, memory: Memory) {
    #[cfg(all(target_os = "linux", not(miri)))]
    if memory.align() == HUGE {
        // SAFETY: the range is our own allocation; the advice does not change its contents.
        unsafe { libc::madvise(base.as_ptr().cast(), memory.size(), libc::MADV_HUGEPAGE) };
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
}
