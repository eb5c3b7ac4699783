//! Running what was recorded, and looking at values.
//!
//! A single element that no unfinished task touches is read or written at once, without a task.

use std::time::Instant;

use array_core::{Array, ArrayError, BlockPool, Layout, Scalar};
use tx_collections::{Grid, View, fill};

use crate::config::Order;
use crate::error::SessionError;
use crate::lower::Leaf;
use crate::session::{Progress, Session};

/// How many statements and tasks may wait before the oldest must finish.
const MAX_STATEMENTS: u64 = 4096;
const MAX_TASKS: usize = 1 << 16;

impl Session {
    /// Run the oldest statements if more wait than the window holds.
    pub(crate) fn throttle(&mut self) -> Result<(), SessionError> {
        let statements = self.graph.statements();
        let waiting = statements.end - statements.start;
        let full = self.live_bytes > self.config.window_bytes
            || waiting > MAX_STATEMENTS
            || self.graph.tasks_held() > MAX_TASKS;
        match self.config.order {
            Order::Breadth => self.run_all(),
            Order::Depth if full => self.run_until(statements.start + waiting / 2),
            Order::Depth => Ok(()),
        }
    }

    /// Run everything recorded.
    pub(crate) fn run_all(&mut self) -> Result<(), SessionError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let statements = self.graph.statements();
        if statements.is_empty() {
            return Ok(());
        }
        self.run_until(statements.end - 1)
    }

    /// Run until the statement `goal` and all before it have finished.
    fn run_until(&mut self, goal: u64) -> Result<(), SessionError> {
        let begin = Instant::now();
        let outcome = self.runner.run(&mut self.graph, goal);
        if let Err(error) = outcome {
            self.failed = Some(error.clone());
            self.runner.ready.clear();
            // Last: it drops closures, whose destructors are the program's.
            self.graph.clear();
            self.run_ns += begin.elapsed().as_nanos() as u64;
            return Err(error);
        }
        for desk in self.runner.desks() {
            self.graph.reuse_versions(&mut desk.died);
        }
        let (retired, live_bytes) = (&mut self.retired, &mut self.live_bytes);
        self.graph.retire(|statement| {
            *retired += 1;
            *live_bytes -= statement.live_bytes;
        });
        self.run_ns += begin.elapsed().as_nanos() as u64;
        if let Some(progress) = &mut self.progress {
            let (recorded, done) = (self.graph.statements().end, self.retired);
            progress(Progress {
                statements_recorded: recorded + self.inline_statements,
                statements_done: done + self.inline_statements,
            });
        }
        Ok(())
    }

    /// Copy what a leaf shows into an array of its own. Nothing that it reads is unfinished.
    pub(crate) fn gather(&self, leaf: &Leaf) -> Result<Array, ArrayError> {
        let (table, layout) = (self.tables.get(leaf.slot), &leaf.layout);
        let touched = table.grid.tiles_of(layout);
        let versions = &table.versions[touched.clone()];
        let tiles: Vec<*const u8> = versions.iter().map(|&id| self.graph.version(id).bytes()).collect();
        let pool = BlockPool::shared();
        // SAFETY: the tiles are all that the layout touches, finished, and nobody writes them while the session is borrowed.
        let buffer = unsafe { fill::gather(pool, table.dtype, layout, &table.grid, touched.start, &tiles)? };
        Ok(Array::from_buffer(buffer, &layout.shape))
    }

    /// The value of an expression with one element, if all it reads is single elements that are settled: computed on the
    /// spot, without a statement, so that looking at a number does not hurry what else is recorded.
    pub(crate) fn immediate(&self, value: &Array) -> Option<Array> {
        if value.len() != 1 {
            return None;
        }
        let known = value.map_sources(&mut |source, layout| {
            let leaf = self.private_source(source, layout).filter(|_| layout.len() == 1);
            let scalar = leaf.and_then(|leaf| self.peek(&leaf)).ok_or(ArrayError::Unbound)?;
            Ok(Array::full(&layout.shape, scalar))
        });
        known.ok()?.eval().ok()
    }

    /// The one element of a leaf, if it is settled.
    fn peek(&self, leaf: &Leaf) -> Option<Scalar> {
        let table = self.tables.get(leaf.slot);
        let (tile, at) = place(&table.grid, &leaf.layout);
        let id = table.versions[tile];
        if self.graph.is_unfinished(self.last_commit) || !self.graph.is_settled(id) {
            return None;
        }
        // SAFETY: the version is settled and holds the element.
        Some(unsafe { Scalar::read(table.dtype, self.graph.version(id).bytes(), at) })
    }

    /// Write one element at once, if nobody is in the way.
    pub(crate) fn poke(&mut self, view: &View, value: &Array) -> Result<bool, SessionError> {
        if view.len() != 1 {
            return Ok(false);
        }
        let (tile, at) = place(view.storage().grid(), view.layout());
        let slot = self.slot_of(view.storage())?;
        let id = self.tables.get(slot).versions[tile];
        let Some(scalar) = value.as_const() else { return Ok(false) };
        if !self.graph.is_alone(id) || view.storage().is_bound() {
            return Ok(false);
        }
        // SAFETY: no unfinished task and no snapshot holds the version, and it holds the element.
        unsafe { scalar.cast(view.dtype()).write(self.graph.version(id).bytes_mut(), at) };
        Ok(true)
    }
}

/// The tile of a layout's only element, and its place there.
fn place(grid: &Grid, layout: &Layout) -> (usize, usize) {
    let address = layout.offset as usize;
    let tile = grid.tile_of(address);
    (tile, address - grid.range(tile).start)
}
