//! The sizes of the caches, asked of the system once in a process.

use std::sync::OnceLock;

/// Bytes of the last-level cache that one evaluation may count on, at most 32 MiB. Larger results are written past the caches
/// ([`Plan::map_streaming`](crate::Plan::map_streaming)).
///
/// A cache of hundreds of MiB is that of many cores, of which a virtual machine sees a few: measured on one that reports 480
/// MiB, results of 80 MB are written 1.1 to 1.5 times as fast past it, and results of 8 MB are not.
///
/// ```
/// assert!((1..=32 << 20).contains(&array_core::last_level_cache()));
/// ```
pub fn last_level_cache() -> usize {
    const SHARE: usize = 32 << 20;
    const GUESS: usize = 32 << 20;
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: a question about the system.
        let bytes = unsafe { libc::sysconf(libc::_SC_LEVEL3_CACHE_SIZE) };
        #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
        let bytes = 0;
        usize::try_from(bytes).ok().filter(|bytes| *bytes > 0).unwrap_or(GUESS).min(SHARE)
    })
}

/// Bytes of one core's level-two cache, between 256 KiB and 16 MiB; nothing where the system does not tell.
///
/// ```
/// assert!(array_core::level_two_cache().is_none_or(|bytes| (256 << 10..=16 << 20).contains(&bytes)));
/// ```
pub fn level_two_cache() -> Option<usize> {
    static BYTES: OnceLock<Option<usize>> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index2/size").ok()?;
        Some(parsed(text.trim())?.clamp(256 << 10, 16 << 20))
    })
}

/// A size as the kernel writes it: `2048K`, `2M`.
fn parsed(text: &str) -> Option<usize> {
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1 << 10),
        None => (text.strip_suffix('M')?, 1 << 20),
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_the_kernel_writes_them() {
        assert_eq!([parsed("2048K"), parsed("2M")], [Some(2 << 20); 2]);
        assert_eq!([parsed("2048"), parsed("K"), parsed(""), parsed("99999999999999999999M")], [None; 4]);
        assert_eq!(level_two_cache(), level_two_cache());
    }
}
