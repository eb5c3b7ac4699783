//! Whether this process has one thread for sure: then what is shared needs no locked instruction.
//!
//! A locked instruction holds up the loads and stores around it, also where nobody else is there to be kept out: four of them were 16 ns of the
//! 91 that an addition of eight elements took. The C library knows: glibc has said so since 2.32 (`__libc_single_threaded`), to whoever wants to do with less synchronisation.
//!
//! **Guarantee** if [`is_single_threaded`] says so, the caller is the only thread, and stays that until it starts another itself:
//! `pthread_create` takes the word back before the new thread exists. What the caller did before, that thread sees, as of every thread that
//! is started. Never the other way round: no is always a safe answer, and the only one elsewhere (other systems and C libraries, older
//! glibc, static binaries, models of loom but those that pretend).
//! **Assumes** that threads are started by the C library, as those of `std` and of every runtime on top of it are.
//! **Costs** two loads and a branch that is always taken the same way.
//! **Source** The GNU C Library manual, "Single-Threaded"; `std::shared_ptr` of libstdc++ counts by it.

/// Whether the caller is the only thread of this process. `false` where that is not known.
///
/// ```
/// use tx_runtime::single_threaded::is_single_threaded;
/// let before = is_single_threaded();                     // of a program: mostly yes
/// std::thread::spawn(|| assert!(!is_single_threaded())).join().unwrap();
/// # let _ = before;
/// ```
#[inline(always)]
pub fn is_single_threaded() -> bool {
    word::is_single_threaded()
}

#[cfg(all(target_os = "linux", target_env = "gnu", not(any(loom, miri))))]
mod word {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

    /// What the C library says while it has not been asked: neither no (0) nor yes (1).
    static UNASKED: AtomicU8 = AtomicU8::new(2);
    /// What it says where it knows nothing of this.
    static NEVER: AtomicU8 = AtomicU8::new(0);
    /// Where it says so.
    static WORD: AtomicPtr<AtomicU8> = AtomicPtr::new((&raw const UNASKED).cast_mut());

    #[inline(always)]
    pub(super) fn is_single_threaded() -> bool {
        match say() {
            0 => false,
            1 => true,
            _ => ask(),
        }
    }

    #[inline(always)]
    fn say() -> u8 {
        // ORDER: Relaxed: the statics and the C library's word were there before anything ran, and the word is written by the caller
        // itself, if it is 1 now: there is nobody else.
        // SAFETY: one of the statics, or what `ask` found.
        unsafe { (*WORD.load(Ordering::Relaxed)).load(Ordering::Relaxed) }
    }

    #[cold]
    fn ask() -> bool {
        // SAFETY: a question, with a name that ends in zero.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr()) };
        // A `char` that stays where it is for the life of the process, and lies in memory that may be read as an atomic byte.
        let word = if found.is_null() { ptr::from_ref(&NEVER).cast_mut() } else { found.cast() };
        WORD.store(word, Ordering::Relaxed);
        say() == 1
    }
}

#[cfg(loom)]
mod word {
    use std::cell::Cell;

    // std's: all threads of a model run on one.
    std::thread_local! {
        static PRETENDED: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn is_single_threaded() -> bool {
        PRETENDED.get()
    }

    pub(super) fn pretend(single: bool) {
        PRETENDED.set(single);
    }
}

#[cfg(not(any(all(target_os = "linux", target_env = "gnu", not(miri)), loom)))]
mod word {
    #[inline(always)]
    pub(super) fn is_single_threaded() -> bool {
        false
    }
}

/// What the model's process is to be from now on: it takes the word back before it starts a thread, as the C library does.
#[cfg(loom)]
pub fn pretend(single: bool) {
    word::pretend(single);
}
