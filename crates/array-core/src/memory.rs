//! How much memory the machine has, asked of the system once in a process.

use std::sync::OnceLock;

/// Bytes of memory and swap of the machine; nothing where the system does not tell. Not what is free, nor what a batch system grants:
/// an array that is larger cannot be at all.
///
/// ```
/// assert!(array_core::machine_memory().is_none_or(|bytes| bytes > 1 << 20));
/// ```
pub fn machine_memory() -> Option<u64> {
    static BYTES: OnceLock<Option<u64>> = OnceLock::new();
    *BYTES.get_or_init(|| total(&std::fs::read_to_string("/proc/meminfo").ok()?))
}

/// Memory and swap, in bytes, from the text of `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let field = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(field("MemTotal")? + field("SwapTotal").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_and_what_is_not_it_says_nothing() {
        let text = "MemTotal:       24737380 kB\nMemFree:          1 kB\nSwapTotal:      1024 kB\n";
        assert_eq!(total(text), Some((24_737_380 + 1024) * 1024));
        assert_eq!(total("MemTotal: 8 kB\n"), Some(8192));
        assert_eq!(total("MemTotal: many\n"), None);
        assert_eq!(total(""), None);
    }
}
