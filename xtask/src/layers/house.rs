//! The house as data: the floors, the doors of dependencies, the words that a room must not speak.
//!
//! This is the one place where the rules stand; `docs/architecture.md` explains them.

/// What a crate under `crates/` may import from its siblings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Imports {
    /// Every crate on a lower floor.
    AllBelow,
    /// These only, all of them on lower floors.
    Only(&'static [&'static str]),
}

/// One crate and its floor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) floor: u8,
    pub(crate) imports: Imports,
}

const fn room(name: &'static str, floor: u8, imports: Imports) -> Room {
    Room { name, floor, imports }
}

/// Top to bottom. Rooms of one floor never name each other.
pub(crate) const ROOMS: &[Room] = &[
    room("txarray-cli", 7, Imports::Only(&["txarray"])),
    room("txarray", 6, Imports::AllBelow),
    room("tx-scheduler", 5, Imports::AllBelow),
    room("tx-collections", 4, Imports::AllBelow),
    room("strategy-lists", 3, Imports::Only(&["array-core", "tx-runtime"])),
    room("array-core", 2, Imports::AllBelow),
    room("stm-engine", 2, Imports::AllBelow),
    room("tx-runtime", 1, Imports::AllBelow),
];

/// A dependency from outside that only some rooms may open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    /// The package, or a family of packages when it ends in `*`.
    pub(crate) package: &'static str,
    pub(crate) rooms: &'static [&'static str],
    /// Whether any room may have it for its tests.
    pub(crate) in_tests: bool,
    pub(crate) why: &'static str,
}

const fn door(
    package: &'static str,
    rooms: &'static [&'static str],
    in_tests: bool,
    why: &'static str,
) -> Door {
    Door { package, rooms, in_tests, why }
}

pub(crate) const DOORS: &[Door] = &[
    door("rayon*", &["tx-runtime"], false, "one pool of exactly the thread budget"),
    door("parking_lot*", &["tx-runtime", "tx-collections"], false, "loom cannot see these locks"),
    door("dashmap", &["array-core"], false, "for caches only, behind `plan::cache`"),
    door("crossbeam-deque", &["tx-scheduler"], false, "the ready tasks of a session"),
    door("crossbeam-utils", &["tx-runtime", "tx-scheduler"], true, "cache padding and back-off"),
    door("crossbeam*", &[], false, "a new one is a decision to take here"),
    door("loom", &["tx-runtime"], true, "protocol code sees it through `tx_runtime::sync`"),
    door("criterion", &[], false, "benches live in `benches/`"),
    door("libc", &["tx-runtime", "array-core"], true, "the kernel's answers about threads and memory"),
    door("tokio*", &[], false, "no dependency may start a thread"),
    door("ruff_*", &["txarray-cli"], false, "the script language is the command's alone"),
    door("clap", &["txarray-cli"], false, "libraries have no command line"),
    door("indicatif", &["txarray-cli"], false, "libraries draw nothing"),
];

/// Words that the sources of a room must not contain, comments and unit tests aside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vow {
    pub(crate) package: &'static str,
    /// Below the package's folder: a file or a folder.
    pub(crate) under: &'static str,
    /// Files that are the door itself.
    pub(crate) except: &'static [&'static str],
    pub(crate) words: &'static [&'static str],
    pub(crate) why: &'static str,
}

const fn vow(
    package: &'static str,
    under: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
) -> Vow {
    Vow { package, under, except, words, why }
}

/// Threads and atomics that no model sees.
const OUTSIDE_THE_SHIM: &[&str] = &[
    "std::sync::atomic",
    "core::sync::atomic",
    "std::sync::Mutex",
    "std::sync::Condvar",
    "std::thread",
    "loom::",
];

const R1: &str = "R1: evaluation is serial, it never enters a pool";
const R5: &str = "R5: protocol code uses `tx_runtime::sync` only and holds no static";
const R6: &str = "R6: kernels know slices and numbers";

/// Each rule with the files that are its exception, and why they may be:
/// `stats.rs` and `report.rs` count and `engine.rs` names things, which no protocol reads; `global.rs` is the default engine,
/// absent from models; `open.rs` and `local.rs` keep what belongs to one thread; `faults.rs` seeds mistakes.
pub(crate) const VOWS: &[Vow] = &[
    vow("stm-engine", "src", &["src/stats.rs", "src/report.rs", "src/engine.rs"], OUTSIDE_THE_SHIM, R5),
    vow("stm-engine", "src", &["src/global.rs", "src/open.rs", "src/local.rs"], &["static "], R5),
    vow("tx-scheduler", "src", &["src/faults.rs"], OUTSIDE_THE_SHIM, R5),
    vow("tx-scheduler", "src", &[], &["static "], R5),
    vow("tx-runtime", "src/park.rs", &[], &["static "], R5),
    vow("tx-runtime", "src/slots.rs", &[], &["static "], R5),
    vow("tx-runtime", "src/slots", &[], &["static "], R5),
    vow("array-core", "src", &[], &["tx_runtime::pool", "rayon"], R1),
    vow("tx-collections", "src", &[], &["tx_runtime::pool", "rayon"], R1),
    vow("tx-scheduler", "src/exec.rs", &[], &["tx_runtime::pool"], R1),
    vow("tx-scheduler", "src/dynamic.rs", &[], &["tx_runtime::pool"], R1),
    vow("array-core", "src/kernels", &[], NOT_NUMBERS, R6),
    vow("array-core", "src/kernels.rs", &[], NOT_NUMBERS, R6),
];

/// What a kernel must not have heard of.
const NOT_NUMBERS: &[&str] =
    &["array::", "buffer::", "source::", "tx_runtime", "stm_engine", "Mutex", "RwLock", "Atomic", "thread::"];
