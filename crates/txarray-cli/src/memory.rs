//! Whether an array can exist on this machine at all.
//!
//! **Promise** an array larger than memory and swap together is refused before a task for it is recorded, as NumPy's
//! allocation is by the kernel. It is not a budget: what is there may be in use, and a batch system may grant less. Where
//! the system does not say how much it has, nothing is refused.

use crate::{
    arrays::shape_text,
    fault::{Fault, Result},
};
use txarray::{Array, array_core::machine_memory};

/// # Errors
/// The array is larger than the machine.
pub(crate) fn check(array: &Array) -> Result<()> {
    // Small ones do not ask the system.
    let wanted = (array.len() as u64).saturating_mul(array.dtype().size() as u64);
    if wanted <= 1 << 28 {
        return Ok(());
    }
    match machine_memory() {
        Some(there) if wanted > there => Err(Fault::failed(format!(
            "an array of shape {} takes {}, more than the {} of this machine",
            shape_text(array.shape()),
            text(wanted),
            text(there)
        ))),
        _ => Ok(()),
    }
}

fn text(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 1000.0 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    format!("{number:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_both_sizes() {
        assert!(check(&Array::zeros([1000, 1000])).is_ok());
        let fault = check(&Array::zeros([1_000_000_000_000_000]));
        if cfg!(target_os = "linux") {
            let message = fault.unwrap_err().message().to_owned();
            assert!(
                message.starts_with("an array of shape (1000000000000000,) takes 8.0 PB, more than the "),
                "{message}"
            );
        }
    }
}
