//! The Python of `target/rivals/venv`, made where it is not there.

use std::ffi::OsString;

use crate::shell::{Outcome, Shell};
use crate::workspace;

/// Whether every module named as an argument is installed.
const FOUND: &str =
    "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in sys.argv[1:]))";

/// A Python that has `modules`, which are names or `NAME==VERSION`: installs what is missing.
pub(crate) fn with(modules: &[&str]) -> Outcome<OsString> {
    let venv = workspace::root().join("target/rivals/venv");
    let python = venv.join("bin/python");
    let names = modules.iter().map(|module| module.split_once("==").map_or(*module, |(name, _)| name));
    if Shell::new(&python).args(["-c", FOUND]).args(names).probe().is_none() {
        Shell::new("python3").args(["-m", "venv"]).arg(&venv).run()?;
        let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        Shell::new(&python).args(quietly).args(modules).run()?;
    }
    Ok(python.into())
}
