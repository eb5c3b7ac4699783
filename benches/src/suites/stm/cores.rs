//! Which processor a thread runs on.
//!
//! A turn is over before the kernel has spread its threads, so on a machine that does anything else two of them may
//! well spend it on one core. Every thread of a row with several has a core of its own.

/// Keep this thread on the `index`-th of the processors that the process may use, where the kernel lets us.
#[cfg(target_os = "linux")]
pub(super) fn stay_on(index: usize) {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a set of processors is plain bits, and the calls write and read no more than its size.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size, &mut allowed) != 0 {
            return;
        }
        let mut cpus = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, &allowed));
        if let Some(cpu) = cpus.nth(index) {
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpu, &mut one);
            libc::sched_setaffinity(0, size, &one);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn stay_on(_index: usize) {}
