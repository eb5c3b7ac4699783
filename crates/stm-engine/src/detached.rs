//! A long computation between two short transactions: look, compute with nothing open, publish if the look still holds.
//!
//! While a transaction runs, every version it might read is kept. One that computes for long would hold up the
//! memory of all others, so it looks at one moment, keeps what it needs as values of its own, and lets go.
//!
//! **Invariants** D1: of each variable seen, the basis keeps a handle and the number of the version. The handle keeps
//! the variable, so that its address cannot come to mean another one; the number cannot come back, as the address of a
//! version could. D2: the publishing transaction reads the whole basis first, so that its commit validates it.
//! **Checked by** tests/loom_detached.rs.

use std::panic::Location;

use crate::engine::EngineRef;
use crate::error::{Abort, Cause, TxError};
use crate::frame::{Frame, Loss, Reading, conflict};
use crate::local::{self, Local};
use crate::mutant::mutant;
use crate::node::version;
use crate::open::Open;
use crate::options::Options;
use crate::run::{Goal, Pace, drive};
use crate::snapshot::Snapshot;
use crate::tvar::Handle;
use crate::txn::Txn;

/// What a computation started from: variables, and their versions.
struct Basis(Vec<(Handle, u64)>);

pub(crate) fn detached<A, B, R>(
    engine: &EngineRef,
    options: &Options,
    site: &'static Location<'static>,
    look: impl for<'s> Fn(&Snapshot<'s>) -> A,
    compute: impl Fn(A) -> B,
    publish: impl for<'tx> Fn(&Txn<'tx>, &B) -> Result<R, Abort>,
) -> Result<R, TxError> {
    // Refused before it waits for anything.
    drop(Open::enter(site)?);
    let local = local::of(engine);
    let lease = local.lease();
    lease.site.set(Some(site));
    let mut pace = Pace::new(&local, &lease, options, Goal::Commit);
    loop {
        pace.secure()?;
        let open = Open::enter(site)?;
        let (seen, basis) = look_at(&local, &lease, &look);
        drop(open);
        // The computation may take long, and needs nothing of what it has seen.
        lease.rest();
        let computed = pace.resting(|| compute(seen));
        let open = Open::enter(site)?;
        let result = drive(&mut pace, |tx| {
            basis.check(tx)?;
            publish(tx, &computed)
        });
        drop(open);
        local.tidy();
        if let Some((value, hooks)) = result? {
            drop(pace);
            drop(lease);
            hooks.run();
            return Ok(value);
        }
    }
}

/// What `look` makes of one moment, and what it has seen.
fn look_at<A>(local: &Local, frame: &Frame, look: impl for<'s> Fn(&Snapshot<'s>) -> A) -> (A, Basis) {
    let reading = Reading::begin(frame, &local.engine);
    let snapshot = Snapshot::noting(local, frame);
    let seen = look(&snapshot);
    let mut basis = snapshot.into_notes();
    drop(reading);
    basis.sort_unstable_by_key(|(handle, _)| handle.key());
    basis.dedup_by_key(|(handle, _)| handle.key());
    (seen, Basis(basis))
}

impl Basis {
    /// Read all of it again, and lose if anything is not what it was.
    fn check(&self, tx: &Txn<'_>) -> Result<(), Abort> {
        let (local, frame) = tx.parts();
        if mutant!(local.engine, TrustDetached) {
            return Ok(());
        }
        for (handle, before) in &self.0 {
            let core = handle.core();
            let node = frame.read(local, core)?;
            // SAFETY: a live version, as every read gives.
            if unsafe { version(node) } != *before {
                return Err(frame.doom(Loss::Moved(conflict(Cause::StaleRead, core))));
            }
        }
        Ok(())
    }
}
