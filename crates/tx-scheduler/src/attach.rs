//! Recording closures, and array statements on attached arrays, which are closures that the session writes itself.

use std::any::Any;
use std::panic::Location;
use std::sync::Arc;

use array_core::{Array, ArrayError, Scalar, Source};
use stm_engine::Abort;
use tx_collections::{Home, View};
use tx_runtime::park::Mutex;

use crate::dynamic::{Body, Closure, Context, Declared};
use crate::error::SessionError;
use crate::explain::NotFused;
use crate::graph::{VersionId, Work};
use crate::lines::LineId;
use crate::lower::{binding, fit};
use crate::session::Session;
use crate::statement::{Kind, Statement};

/// A closure that speculates waits for the commit of the one so many before it.
const LOOK_AHEAD: usize = 64;
/// What a closure is taken to cost before one of its line has run: a tenth of a millisecond.
const UNKNOWN_EFFORT: u64 = 100_000;

impl Session {
    /// Record a closure that takes part in the program order: it runs early, beside other statements, on the newest
    /// committed state, and commits when all closures before it have; if what it read has changed by then it is
    /// rolled back and runs again. It may run several times and must have no effect but through its context.
    ///
    /// `private` declares the private arrays it touches: it sees the values that earlier statements gave them, and
    /// later statements see what it assigns.
    ///
    /// # Errors
    /// Views of another session. Errors of the closure itself surface when it is its turn to commit.
    #[track_caller]
    pub fn dynamic(
        &mut self,
        private: &[&View],
        body: impl Fn(&Context<'_, '_>) -> Result<(), Abort> + Send + Sync + 'static,
    ) -> Result<(), SessionError> {
        let line = self.line_or(Location::caller());
        self.timed(|session| {
            session.collect();
            let mut declared = Vec::new();
            for view in private {
                session.declare(&mut declared, view, line)?;
            }
            session.record_closure(Box::new(body), declared, line)
        })
    }

    fn declare(
        &mut self,
        declared: &mut Vec<Declared>,
        view: &View,
        line: LineId,
    ) -> Result<(), SessionError> {
        if let Some(error) = view.error() {
            return Err(error.clone().into());
        }
        let storage = view.storage();
        if matches!(storage.home(), Home::Attached(_)) {
            return Ok(());
        }
        let slot = self.slot_of(storage)?;
        self.unshare(view, line)?;
        if declared.iter().all(|d| d.slot != slot) {
            let first_access = declared.iter().map(|d| d.grid.tiles()).sum();
            declared.push(Declared {
                storage: Arc::downgrade(storage),
                slot,
                dtype: storage.dtype(),
                grid: *storage.grid(),
                first_access,
            });
        }
        Ok(())
    }

    fn record_closure(
        &mut self,
        body: Body,
        declared: Vec<Declared>,
        line: LineId,
    ) -> Result<(), SessionError> {
        let odds = &self.graph.lines.get(line).odds;
        let speculates = self.runner.threads() > 1
            && (odds.pays(self.graph.statements().end) || self.graph.forces_speculation());
        let effort = odds.body_ns().map_or(UNKNOWN_EFFORT, u64::from);
        let slots: Vec<u32> = declared.iter().map(|array| array.slot).collect();
        let versions: Vec<VersionId> =
            slots.iter().flat_map(|&slot| self.tables.get(slot).versions.iter().copied()).collect();
        let mut early = None;
        if speculates {
            let mut task = self.graph.draft(Work::Speculate);
            for &id in &versions {
                self.graph.add_read(&mut task, id);
            }
            // Not too early: what it reads should be as new as can be.
            if self.commits.len() == LOOK_AHEAD {
                let before = self.commits.pop_front().expect("it is full");
                self.graph.add_edge(before, &mut task);
            }
            let seq = task.seq;
            early = Some(seq);
            if self.graph.push(task) {
                self.runner.early.push(seq);
            }
        }
        let mut task = self.graph.draft(Work::Commit);
        for &id in &versions {
            self.graph.add_overwrite(&mut task, id);
        }
        self.graph.add_edge(self.last_commit, &mut task);
        if let Some(early) = early {
            self.graph.add_edge(early, &mut task);
        }
        self.last_commit = task.seq;
        if speculates {
            self.commits.push_back(task.seq);
        }
        if self.graph.push(task) {
            self.runner.ready.push(self.last_commit);
        }
        let closure = Closure { body, declared, prepared: Mutex::new(None) };
        let statement = self.graph.add_statement(Statement {
            left: (1 + u32::from(speculates)).into(),
            live_bytes: 0,
            line,
            effort,
            kind: Kind::Dynamic(Box::new(closure)),
        });
        self.undo_log.closure(statement);
        for &slot in &slots {
            self.tables.get_mut(slot).written = statement + 1;
        }
        self.recorded(statement);
        Ok(())
    }

    /// Give a private array tiles of its own: a closure may write them in place. What expressions still hold of its
    /// value they keep.
    fn unshare(&mut self, view: &View, line: LineId) -> Result<(), SessionError> {
        let slot = self.slot_of(view.storage())?;
        let versions = &self.tables.get(slot).versions;
        let shared = versions.iter().any(|&id| self.graph.version(id).tables > 1);
        if shared || view.storage().is_bound() {
            // A copy tile by tile: an assignment would share them again.
            let whole = View::whole(view.storage().clone());
            let bound = self.lower(whole.read(), line)?;
            self.record_map(&whole, slot, bound, line)?;
        }
        Ok(())
    }

    /// `target[...] = value` where one side is attached: one transaction, committed in program order.
    pub(crate) fn assign_attached(
        &mut self,
        target: &View,
        value: Array,
        line: LineId,
    ) -> Result<(), SessionError> {
        fit(value.clone(), target)?;
        let formula = self.config.explain.then(|| value.clone());
        let mut declared = Vec::new();
        self.declare(&mut declared, target, line)?;
        let value = self.detach(value, &mut declared, line)?;
        if let Some(binding) = target.storage().take_binding() {
            // Somebody keeps an expression on the attached array's present value: it becomes a private copy.
            let copy = self.record_array(View::whole(target.storage().clone()).read(), line)?;
            binding.pin(copy.storage().clone());
        }
        let target = target.clone();
        let body = move |context: &Context<'_, '_>| {
            let value = fill(&value, context)?;
            context.assign(&target, value)
        };
        if let Some(value) = formula {
            self.explain_expression(&value);
            self.explain_not_fused(NotFused::Shared);
        }
        self.record_closure(Box::new(body), declared, line)
    }

    /// A new private array that holds the value of an expression on attached arrays.
    pub(crate) fn array_from_attached(&mut self, value: Array, line: LineId) -> Result<View, SessionError> {
        let zeros = Array::full(value.shape(), Scalar::zero(value.dtype()));
        let view = self.record_array(zeros, line)?;
        self.assign_attached(&view, value, line)?;
        Ok(view)
    }

    /// Replace the sources of an expression by what a closure can resolve when it runs.
    fn detach(
        &mut self,
        value: Array,
        declared: &mut Vec<Declared>,
        line: LineId,
    ) -> Result<Array, SessionError> {
        let mut failed = None;
        let value = value.map_sources(&mut |source, layout| {
            let Some(binding) = binding(&**source) else {
                failed.get_or_insert(SessionError::ForeignView);
                return Err(ArrayError::Unbound);
            };
            let whole = View::whole(binding.storage().clone());
            if let Err(error) = self.declare(declared, &whole, line) {
                failed.get_or_insert(error);
            }
            Ok(Array::from_source_view(Arc::new(Detached(whole)), layout.clone()))
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(value?),
        }
    }
}

/// A storage that a recorded closure will read; unlike a binding it does not ask for the value of now.
#[derive(Debug)]
struct Detached(View);

impl Source for Detached {
    fn dtype(&self) -> array_core::DType {
        self.0.dtype()
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The expression with the elements its sources have in the closure's snapshot.
fn fill(value: &Array, context: &Context<'_, '_>) -> Result<Array, Abort> {
    let mut failed = None;
    let filled = value.map_sources(&mut |source, layout| {
        let Detached(whole) = source.as_any().downcast_ref().expect("detached when it was recorded");
        match context.read(whole) {
            // A whole array in C order has the addresses of its storage.
            Ok(array) => match array.as_buffer() {
                Some((buffer, _)) => Ok(Array::from_parts(buffer.clone(), layout.clone())),
                None => Err(ArrayError::Unbound),
            },
            Err(abort) => {
                failed = Some(abort);
                Err(ArrayError::Unbound)
            }
        }
    });
    match failed {
        Some(abort) => Err(abort),
        None => Ok(filled?),
    }
}
