//! Kernel facts: how many CPUs this process may run on, and whether somebody bound it to fewer than there are.

use std::num::NonZero;

use super::MAX_THREADS;

/// What the kernel says about CPUs; the third argument of [`resolve_from`](super::resolve_from).
///
/// ```
/// use tx_runtime::budget::Machine;
/// let machine = Machine::new(8).bound_to(3);
/// assert_eq!((machine.kernel(), machine.is_bound()), (3, true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// CPUs this process may keep busy: affinity, cpuset and cgroup quota.
    kernel: usize,
    /// CPUs in the affinity mask, where the platform has one.
    mask: Option<usize>,
    /// CPUs that are online.
    online: Option<usize>,
}

impl Machine {
    /// A machine of `cpus` CPUs (at least 1), all of them ours.
    ///
    /// ```
    /// assert_eq!(tx_runtime::budget::Machine::new(0).kernel(), 1);
    /// ```
    pub fn new(cpus: usize) -> Self {
        let cpus = cpus.clamp(1, MAX_THREADS);
        Self { kernel: cpus, mask: Some(cpus), online: Some(cpus) }
    }

    /// The same machine with this process bound to `cpus` of its CPUs (at least 1), as an MPI launcher does.
    ///
    /// ```
    /// assert!(!tx_runtime::budget::Machine::new(8).bound_to(8).is_bound());
    /// ```
    #[must_use]
    pub fn bound_to(self, cpus: usize) -> Self {
        let cpus = cpus.max(1);
        Self { kernel: self.kernel.min(cpus), mask: Some(cpus), ..self }
    }

    /// This machine, as this process sees it now.
    ///
    /// ```
    /// assert!(tx_runtime::budget::Machine::read().kernel() >= 1);
    /// ```
    pub fn read() -> Self {
        // An unknown number of CPUs is one CPU: fewer threads than possible is slow, more is somebody else's time.
        let kernel = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        Self { kernel, mask: affinity(), online: online() }
    }

    /// CPUs this process may keep busy: affinity, cpuset and cgroup quota; at least 1.
    ///
    /// ```
    /// assert_eq!(tx_runtime::budget::Machine::new(8).kernel(), 8);
    /// ```
    pub fn kernel(&self) -> usize {
        self.kernel
    }

    /// CPUs in the affinity mask; `None` where the platform has no such thing.
    ///
    /// ```
    /// assert_eq!(tx_runtime::budget::Machine::new(8).bound_to(3).mask(), Some(3));
    /// ```
    pub fn mask(&self) -> Option<usize> {
        self.mask
    }

    /// CPUs that are online; `None` where that cannot be read.
    ///
    /// ```
    /// assert_eq!(tx_runtime::budget::Machine::new(8).bound_to(3).online(), Some(8));
    /// ```
    pub fn online(&self) -> Option<usize> {
        self.online
    }

    /// Whether somebody bound this process to fewer CPUs than are online.
    ///
    /// ```
    /// assert!(!tx_runtime::budget::Machine::new(8).is_bound());
    /// ```
    pub fn is_bound(&self) -> bool {
        matches!((self.mask, self.online), (Some(mask), Some(online)) if mask < online)
    }
}

#[cfg(target_os = "linux")]
fn affinity() -> Option<usize> {
    // libc's cpu_set_t ends at 1024 CPUs and the call fails on a larger machine, so the mask is our own: 65 536 bits.
    let mut mask = [0_u64; 1024];
    // SAFETY: pid 0 is this thread; the kernel writes at most the given size of a live array that any bits may fill.
    let status = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr().cast()) };
    (status == 0).then(|| mask.iter().map(|word| word.count_ones() as usize).sum())
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> Option<usize> {
    None
}

/// Not `_SC_NPROCESSORS_ONLN`: musl answers that from the affinity mask, so that nothing ever looks bound.
#[cfg(target_os = "linux")]
fn online() -> Option<usize> {
    cpu_list(&std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?)
}

#[cfg(not(target_os = "linux"))]
fn online() -> Option<usize> {
    None
}

/// The kernel's way of writing a set of CPUs, `0-3,6,8-9`: how many there are.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "tested everywhere, used on Linux"))]
fn cpu_list(list: &str) -> Option<usize> {
    let mut cpus = 0_usize;
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        cpus = cpus.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_list_is_counted() {
        assert_eq!(cpu_list("0-7\n"), Some(8));
        assert_eq!(cpu_list("0"), Some(1));
        assert_eq!(cpu_list("0-3,6,8-9"), Some(7));
        for bad in ["", "3-1", "a", "1-", "0-18446744073709551615"] {
            assert_eq!(cpu_list(bad), None, "{bad:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_is_consistent_with_itself() {
        let machine = Machine::read();
        let (mask, online) = (machine.mask().unwrap(), machine.online().unwrap());
        assert!(1 <= machine.kernel() && machine.kernel() <= mask, "{machine:?}");
        assert!(mask <= online, "{machine:?}");
    }
}
