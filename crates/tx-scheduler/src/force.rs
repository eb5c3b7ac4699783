//! Running what was recorded, and looking at values.
//!
//! A single element that no unfinished task touches is read or written at once, without a task.

use std::time::Instant;

use array_core::{Array, ArrayError, BlockPool, Layout, Scalar};
use tx_collections::{Grid, View, fill};

use crate::cancel::Limits;
use crate::config::Order;
use crate::conflicts;
use crate::error::SessionError;
use crate::graph::StatementSeq;
use crate::lower::Leaf;
use crate::run::Failure;
use crate::session::{Progress, Session};

/// How many statements and tasks may wait before the oldest must finish.
const MAX_STATEMENTS: u64 = 1024;
const MAX_TASKS: usize = 1 << 16;
/// Arrays that all fit into the window stay in the cache however many statements wait, so these may wait so many times as long.
pub(crate) const SMALL_PATIENCE: usize = 16;
/// A number written into at most this many elements needs no task.
const POKED_ELEMS: usize = 4096;

impl Session {
    /// Run the oldest statements if more wait than the window holds.
    pub(crate) fn throttle(&mut self) -> Result<(), SessionError> {
        if self.inline_statements - self.inline_told >= MAX_STATEMENTS {
            self.tell();
        }
        let statements = self.graph.statements();
        let waiting = statements.end - statements.start;
        let small = self.tables.bytes <= self.config.window_bytes;
        let full = self.live_bytes > self.config.window_bytes * if small { SMALL_PATIENCE } else { 1 }
            || waiting > MAX_STATEMENTS
            || self.graph.tasks_held() > MAX_TASKS;
        match self.config.order {
            Order::Breadth if waiting > 0 => self.run_all(),
            Order::Breadth => Ok(()),
            Order::Depth if full => self.run_until(statements.start + waiting / 2),
            Order::Depth => Ok(()),
        }
    }

    /// Run everything recorded.
    pub(crate) fn run_all(&mut self) -> Result<(), SessionError> {
        self.refuse()?;
        self.slack.look();
        let statements = self.graph.statements();
        if statements.is_empty() {
            if self.inline_statements > self.inline_told {
                self.tell();
            }
            return Ok(());
        }
        self.run_until(statements.end - 1)
    }

    /// Run until the statement `goal` and all before it have finished.
    fn run_until(&mut self, goal: StatementSeq) -> Result<(), SessionError> {
        self.limits.check()?;
        let begin = Instant::now();
        let outcome = self.runner.run(&mut self.graph, goal, self.effort, &self.limits);
        let outcome = outcome.or_else(|failure| self.fall_back(failure));
        self.run_ns += begin.elapsed().as_nanos() as u64;
        outcome?;
        self.account();
        self.tell();
        if self.graph.statements().start <= goal {
            // It stopped because it was asked to; whoever asked may have taken that back by now.
            self.limits.check()?;
            return self.run_until(goal);
        }
        Ok(())
    }

    /// Tell the progress callback how far the session has come.
    fn tell(&mut self) {
        self.inline_told = self.inline_statements;
        if let Some(progress) = &mut self.progress {
            let (recorded, done) = (self.graph.statements().end, self.retired);
            progress(Progress {
                statements_recorded: recorded + self.inline_statements,
                statements_done: done + self.inline_statements,
            });
        }
    }

    /// A run failed. After a closure's failure everything before it finishes and everything after it is undone.
    fn fall_back(&mut self, failure: Failure) -> Result<(), SessionError> {
        let Failure { error, closure } = failure;
        self.retire();
        let fatal = match closure {
            Some(closure) if self.graph.statements().start >= closure => None,
            Some(closure) => {
                let before = closure - 1;
                self.runner.run(&mut self.graph, before, 0, &Limits::default()).err().map(|again| again.error)
            }
            None => Some(error.clone()),
        };
        self.collect_desks();
        if let Some(fatal) = fatal {
            return Err(self.fail(fatal));
        }
        self.retire();
        let closures = self.undo(closure.expect("not fatal"));
        drop(closures);
        Err(error)
    }

    /// The session can do no more.
    pub(crate) fn fail(&mut self, fatal: SessionError) -> SessionError {
        self.failed = Some(fatal.clone());
        self.runner.ready.clear();
        self.runner.early.clear();
        // Last: it drops closures, whose destructors are the program's.
        self.graph.clear();
        fatal
    }

    /// Account for what has run.
    fn account(&mut self) {
        self.collect_desks();
        self.retire();
        self.undo_log.settle(&mut self.graph);
    }

    fn retire(&mut self) {
        let (retired, live_bytes, effort) = (&mut self.retired, &mut self.live_bytes, &mut self.effort);
        let (explainer, alone) = (&mut self.explainer, self.runner.was_alone());
        self.graph.retire(|statement| {
            if let Some(explainer) = explainer {
                explainer.ran(statement.line, alone);
            }
            *retired += 1;
            *live_bytes -= statement.live_bytes;
            *effort -= statement.effort;
        });
    }

    /// Take what the workers left: versions to use again, and their counts.
    fn collect_desks(&mut self) {
        for desk in self.runner.desks() {
            self.graph.reuse_versions(&mut desk.died);
            desk.lines.settle(|line, spent| self.graph.lines.get_mut(line).spent += spent);
            desk.conflicts.drain().for_each(|(key, lost)| conflicts::add(&mut self.conflicts, key, lost));
        }
    }

    /// Copy what a leaf shows into an array of its own. Nothing that it reads is unfinished.
    pub(crate) fn gather(&self, leaf: &Leaf) -> Result<Array, ArrayError> {
        let (table, layout) = (self.tables.get(leaf.slot), &leaf.layout);
        let touched = table.grid.tiles_of(layout);
        let versions = &table.versions[touched.clone()];
        let tiles: Vec<*const u8> = versions.iter().map(|&id| self.graph.version(id).bytes()).collect();
        let pool = BlockPool::shared();
        if let [tile] = tiles[..]
            && layout.is_contiguous()
        {
            let (len, at) = (layout.len(), layout.offset as usize - table.grid.range(touched.start).start);
            let mut block = pool.take(table.dtype, len)?;
            let size = table.dtype.size();
            // SAFETY: the tile is finished and holds the elements, one after another; nobody writes it while the session is
            // borrowed. The block has room for them, and all are written.
            let buffer = unsafe {
                tile.add(at * size).copy_to_nonoverlapping(block.as_mut_ptr(), len * size);
                block.freeze()
            };
            return Ok(Array::from_buffer(buffer, &layout.shape));
        }
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

    /// Write one value into a few elements at once, if nobody is in the way.
    pub(crate) fn poke(&mut self, view: &View, value: &Array) -> Result<bool, SessionError> {
        let Some(scalar) = value.as_const() else { return Ok(false) };
        if view.len() > POKED_ELEMS || view.is_empty() {
            return Ok(false);
        }
        let slot = self.slot_of(view.storage())?;
        let (grid, layout) = (*view.storage().grid(), view.layout());
        if view.storage().is_bound() || self.graph.is_unfinished(self.last_commit) {
            return Ok(false);
        }
        let table = self.tables.get(slot);
        let versions = &table.versions;
        if !versions[table.tiles_of(layout)].iter().all(|&id| self.graph.is_alone(id)) {
            return Ok(false);
        }
        let scalar = scalar.cast(view.dtype());
        let mut cell = [0u64; 2];
        let from = cell.as_mut_ptr().cast();
        // SAFETY: no element is larger than the cell, or needs to be aligned better.
        unsafe { scalar.write(from, 0) };
        // SAFETY: no unfinished task and no snapshot holds the version.
        let tile = |tile: usize| unsafe { self.graph.version(versions[tile]).bytes_mut() };
        // SAFETY: the cell holds an element of the size; the tiles hold the layout's elements.
        unsafe {
            match view.dtype().size() {
                1 => scatter_one(*from, layout, &grid, tile),
                2 => scatter_one(*from.cast::<u16>(), layout, &grid, tile),
                4 => scatter_one(*from.cast::<u32>(), layout, &grid, tile),
                8 => scatter_one(*from.cast::<u64>(), layout, &grid, tile),
                16 => scatter_one(*from.cast::<[u64; 2]>(), layout, &grid, tile),
                size => unreachable!("elements of {size} bytes"),
            }
        }
        Ok(true)
    }
}

/// Write `value` to every element of a layout, tile by tile.
///
/// # Safety
/// `tile` gives a tile's elements, which have the size of `T` and which nobody else looks at.
unsafe fn scatter_one<T: Copy>(value: T, layout: &Layout, grid: &Grid, tile: impl Fn(usize) -> *mut u8) {
    let elems = grid.tile_elems() as isize;
    // The tile of the last write: its first address, and its elements.
    let (mut at, mut begin, mut to) = (usize::MAX, 0, std::ptr::null_mut::<T>());
    let (&[ref outer @ .., count], &[ref steps @ .., step]) = (&*layout.shape, &*layout.strides) else {
        let address = layout.offset as usize;
        at = grid.tile_of(address);
        // SAFETY: the caller's: the tile holds the only element.
        return unsafe { tile(at).cast::<T>().add(address - grid.range(at).start).write(value) };
    };
    for row in 0..outer.iter().product() {
        let (mut rest, mut address) = (row, layout.offset);
        for (&n, &stride) in outer.iter().zip(steps).rev() {
            address += (rest % n) as isize * stride;
            rest /= n;
        }
        let mut left = count;
        while left > 0 {
            let within = address - begin;
            if at == usize::MAX || !(0..elems).contains(&within) {
                // Most layouts go on in the next tile.
                at = if at != usize::MAX && (elems..2 * elems).contains(&within) {
                    at + 1
                } else {
                    grid.tile_of(address as usize)
                };
                (begin, to) = (at as isize * elems, tile(at).cast());
            }
            loop {
                // SAFETY: the caller's: the tile holds the element.
                unsafe { to.offset(address - begin).write(value) };
                address += step;
                left -= 1;
                if left == 0 || !(begin..begin + elems).contains(&address) {
                    break;
                }
            }
        }
    }
}

/// The tile of a layout's only element, and its place there.
fn place(grid: &Grid, layout: &Layout) -> (usize, usize) {
    let address = layout.offset as usize;
    let tile = grid.tile_of(address);
    (tile, address - grid.range(tile).start)
}
