//! Running one array task: its tiles in, one plan over them, its tile out.
//!
//! Everything here happens between the edges of the graph: a task's operands are finished and nobody else writes
//! what it writes (G2). Evaluation is serial and enters no pool (R1).

use array_core::{
    ArrayError, BlockPool, Layout, Partial, Scratch, TileBuf, TileMut, TileRef, finish_reduction,
};
use smallvec::SmallVec;
use tx_runtime::sync::UnsafeCell;

use crate::axes;
use crate::desk::Desk;
use crate::dynamic;
use crate::error::SessionError;
use crate::graph::{Graph, Task, Version, VersionId, Work};
use crate::positions;
use crate::region::address;
use crate::statement::{Fold, Inputs, Kind, OperandFrom, Statement, Target};

/// Run `task` of `statement`, which is ready and not yet done.
pub(crate) fn execute(
    graph: &Graph,
    task: &Task,
    statement: &Statement,
    desk: &mut Desk,
) -> Result<(), SessionError> {
    #[cfg(feature = "faults")]
    graph.faults.enter_task();
    match (&statement.kind, task.work) {
        (Kind::Map { inputs, target }, Work::Tile { tile, start, end, keeps }) => {
            let old = if keeps { Old::Kept } else { Old::None };
            let piece = Piece { tile: tile as usize, start, end, old };
            tile_task(graph, task, graph.accesses(task), inputs, target, piece, desk)?;
        }
        (Kind::Map { inputs, target }, Work::Over { tile, start, end }) => {
            let piece = Piece { tile: tile as usize, start, end, old: Old::Overwritten };
            tile_task(graph, task, graph.accesses(task), inputs, target, piece, desk)?;
        }
        (Kind::Map { inputs, target }, Work::Tiles { first_tile, tiles, start, end, over }) => {
            let old = if over { Old::Overwritten } else { Old::None };
            let of_each = graph.accesses(task).chunks_exact(1 + inputs.sources.len());
            for (i, accesses) in of_each.take(tiles as usize).enumerate() {
                let start = start + i * target.tile_elems;
                let end = end.min(start + target.tile_elems);
                let piece = Piece { tile: first_tile as usize + i, start, end, old };
                tile_task(graph, task, accesses, inputs, target, piece, desk)?;
            }
        }
        (Kind::Map { inputs, target }, Work::Scatter { first_tile, tiles, start, end }) => {
            let piece = Patch { first_tile: first_tile as usize, tiles: tiles as usize, start, end };
            scatter_task(graph, task, inputs, target, piece, desk)?;
        }
        (Kind::Reduce { inputs, fold }, Work::Node { node, start, end }) => {
            node_task(graph, task, inputs, fold, node as usize, start..end, desk)?;
        }
        (Kind::Reduce { fold, .. }, Work::Fold) => fold_task(graph, task, fold, desk)?,
        (Kind::Places(places), _) => positions::execute(graph, task, places, desk)?,
        (Kind::Axes { inputs, along }, _) => axes::execute(graph, task, inputs, along, desk)?,
        (Kind::Dynamic(closure), Work::Speculate) => {
            dynamic::speculate(graph, task, closure, statement.line, desk)
        }
        (Kind::Dynamic(closure), Work::Commit) => {
            dynamic::commit(graph, task, closure, statement.line, desk)?
        }
        (kind, work) => unreachable!("{work:?} in {kind:?}"),
    }
    Ok(())
}

/// A stretch of the iteration space that fills (part of) one tile.
struct Piece {
    tile: usize,
    start: usize,
    end: usize,
    old: Old,
}

/// What becomes of the elements that the tile had.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    /// The tile gets a new version.
    None,
    /// It gets a new version, with those that the stretch does not write.
    Kept,
    /// The stretch writes all, where they are.
    Overwritten,
}

/// A stretch of the iteration space over neighbouring tiles.
struct Patch {
    first_tile: usize,
    tiles: usize,
    start: usize,
    end: usize,
}

/// Which tiles a task reads of every source.
#[derive(Clone, Copy)]
pub(crate) enum Tiles<'a> {
    /// This one of each.
    Alike(usize),
    /// As in [`Graph::firsts`].
    Noted(&'a [u32]),
}

/// The plan's operands laid over the tiles that `versions` names: source after source, neighbouring tiles.
///
/// `reads` keeps the addresses; `f` runs with the operands.
pub(crate) fn with_operands<R>(
    graph: &Graph,
    inputs: &Inputs,
    versions: &[VersionId],
    tiles: Tiles<'_>,
    reads: &mut Vec<*const u8>,
    f: impl FnOnce(&[TileRef<'_>]) -> R,
) -> R {
    reads.clear();
    // One by one, here and below: what extends and collects costs more than the rest of a short task.
    for &id in versions {
        reads.push(graph.version(id).bytes());
    }
    let values = reads.len();
    if inputs.has_values {
        reads.extend(inputs.operands.iter().map(|operand| match &operand.from {
            OperandFrom::Value(buffer) => buffer.as_ptr(),
            OperandFrom::Source { .. } => std::ptr::null(),
        }));
    }
    let reads = &*reads;
    let mut operands: SmallVec<[TileRef<'_>; 6]> = SmallVec::new();
    for (i, operand) in inputs.operands.iter().enumerate() {
        operands.push(match operand.from {
            OperandFrom::Value(_) => TileRef {
                layout: &operand.layout,
                tile_elems: usize::MAX,
                first: 0,
                tiles: &reads[values + i..=values + i],
            },
            OperandFrom::Source { source, .. } => {
                let (first, tiles) = match tiles {
                    Tiles::Alike(tile) => (tile, &reads[source..=source]),
                    Tiles::Noted(firsts) => {
                        let (begin, end) = (firsts[2 * source + 1] as usize, firsts.get(2 * source + 3));
                        (firsts[2 * source] as usize, &reads[begin..end.map_or(values, |&end| end as usize)])
                    }
                };
                let tile_elems = inputs.sources[source].tile_elems;
                TileRef { layout: &operand.layout, tile_elems, first, tiles }
            }
        });
    }
    f(&operands)
}

/// Compute a piece, of which the task's `accesses` are these.
fn tile_task(
    graph: &Graph,
    task: &Task,
    accesses: &[VersionId],
    inputs: &Inputs,
    target: &Target,
    piece: Piece,
    desk: &mut Desk,
) -> Result<(), ArrayError> {
    let (written, sources) = accesses.split_at(1 + usize::from(piece.old == Old::Kept));
    let version = graph.version(written[0]);
    let (mut block, past) = match piece.old {
        Old::None => new_block(graph, task, target, piece.tile, accesses, desk)?,
        Old::Kept => (kept_block(graph.version(written[1]), target, &piece, desk)?, false),
        // SAFETY: this task overwrites the version (G2).
        Old::Overwritten => (
            unsafe { version.take() }.expect("a version that is overwritten was written"),
            target.far && graph.is_last_word(task, written[0]),
        ),
    };
    let (scratch, reads) = (&mut desk.scratch, &mut desk.reads);
    let done =
        !past && target.dense && dense_tile(graph, sources, inputs, target, &piece, &mut block, scratch)?;
    if !done {
        let tiles = if target.alike {
            Tiles::Alike(piece.tile)
        } else {
            Tiles::Noted(graph.firsts(task, inputs.sources.len()))
        };
        with_operands(graph, inputs, sources, tiles, reads, |operands| {
            let out = TileMut {
                layout: &target.layout,
                tile_elems: target.tile_elems,
                first: piece.tile,
                tiles: &[block.as_mut_ptr()],
            };
            let range = piece.start..piece.end;
            // SAFETY: the access list covers every tile the stretch reads (`tiles_read` is a hull), all written and
            // unchanging (G2); the block is ours alone and no operand.
            unsafe {
                let Inputs { plan, consts, shape, .. } = inputs;
                if past {
                    plan.map_streaming(consts, shape, operands, &out, range, scratch)
                } else {
                    plan.map(consts, shape, operands, &out, range, scratch)
                }
            }
        })?;
    }
    let (elems, size) = (piece.end - piece.start, target.dtype.size());
    desk.tally.bytes += (elems * (inputs.bytes_per_element + size)) as u64;
    desk.tally.past += if past { (elems * size) as u64 } else { 0 };
    // SAFETY: this task creates the version, or overwrites it (G2).
    unsafe { version.put(block) };
    Ok(())
}

/// A block for a tile that is written as a whole, and whether to write it past the caches: if nobody has been recorded who reads
/// it, and the block did not just die on this worker. A new array that stays lies in rows, whatever dies beside it.
///
/// One that just died here is: writing it there costs no reading, and writing it past the cache would clear it from there first. So
/// sweeps over large arrays, of which each tile is written where the one before was read, stay as they are (two threads, sweeps over
/// 3 * 10^7 f64 of which somebody looks at each fifth: 9.3 ms each; 13.7 with all results past the caches).
#[inline(always)]
fn new_block(
    graph: &Graph,
    task: &Task,
    target: &Target,
    tile: usize,
    accesses: &[VersionId],
    desk: &mut Desk,
) -> Result<(TileBuf, bool), ArrayError> {
    let (dtype, elems) = (target.dtype, target.elems_of(tile));
    // Where what is read dies, its memory serves the next tile: one tile alone would be taken from a row.
    let stay = || accesses.iter().all(|&id| graph.version(id).tables > 0);
    let rows = target.rows.as_ref();
    let block = if let Some(rows) = rows.filter(|rows| rows.are_first() && stay()) {
        rows.take(target, tile)?
    } else if let Some(block) = desk.blocks.take_kept(dtype, elems) {
        return Ok((block, false));
    } else if let Some(rows) = rows.filter(|_| stay()) {
        rows.take(target, tile)?
    } else {
        BlockPool::shared().take(dtype, elems)?
    };
    Ok((block, target.far && graph.is_last_word(task, accesses[0])))
}

/// [`tile_task`] where all lies alike and side by side: without layouts. `false` if the plan wants them.
#[inline(always)]
fn dense_tile(
    graph: &Graph,
    sources: &[VersionId],
    inputs: &Inputs,
    target: &Target,
    piece: &Piece,
    block: &mut TileBuf,
    scratch: &mut Scratch,
) -> Result<bool, ArrayError> {
    let mut operands: SmallVec<[*const u8; 6]> = SmallVec::new();
    for operand in &inputs.operands {
        let OperandFrom::Source { source, .. } = operand.from else { return Ok(false) };
        operands.push(graph.version(sources[source]).bytes());
    }
    let first = target.layout.offset as usize + piece.start - piece.tile * target.tile_elems;
    let n = piece.end - piece.start;
    // SAFETY: the tile holds the elements from `first` on of the block and of every source, which lies alike; the sources are
    // written and unchanging (G2), the block is ours alone and none of them.
    let done = unsafe {
        let out = block.as_mut_ptr().add(first * target.dtype.size());
        inputs.plan.map_dense(&inputs.consts, &operands, first, out, n, scratch)
    };
    done.transpose().map(|done| done.is_some())
}

/// A block for a tile of which elements stay, which has them: that of the old version, if nobody else needs it.
#[inline(never)]
fn kept_block(old: &Version, target: &Target, piece: &Piece, desk: &mut Desk) -> Result<TileBuf, ArrayError> {
    // ORDER: Acquire, pairs with the decrements of `refs`: reading 1 means the other accessors have finished.
    if old.refs.load(tx_runtime::sync::atomic::Ordering::Acquire) == 1 {
        // SAFETY: this task holds the only reference (G3).
        return Ok(unsafe { old.take() }.expect("a version that is kept was written"));
    }
    let (begin, elems) = (piece.tile * target.tile_elems, target.elems_of(piece.tile));
    let mut block = desk.blocks.take(target.dtype, elems)?;
    keep_rest(old.bytes(), &mut block, target, begin, elems, piece.start..piece.end);
    Ok(block)
}

/// Copy the elements of a tile that the stretch does not write.
fn keep_rest(
    old: *const u8,
    new: &mut TileBuf,
    target: &Target,
    begin: usize,
    elems: usize,
    range: std::ops::Range<usize>,
) {
    let size = target.dtype.size();
    let new = new.as_mut_ptr();
    let copy = |from: usize, to: usize| {
        // SAFETY: both blocks hold `elems` elements, and `from..to` lies within.
        unsafe {
            std::ptr::copy_nonoverlapping(old.add(from * size), new.add(from * size), (to - from) * size)
        }
    };
    let row = target.layout.shape.last().copied().unwrap_or(1);
    if target.layout.strides.last().is_some_and(|&stride| stride != 1) {
        return copy(0, elems);
    }
    let mut kept = 0;
    let mut at = range.start;
    while at < range.end {
        let written = address(&target.layout, at) - begin;
        let count = (row - at % row).min(range.end - at);
        copy(kept, written);
        kept = written + count;
        at += count;
    }
    copy(kept, elems);
}

fn scatter_task(
    graph: &Graph,
    task: &Task,
    inputs: &Inputs,
    target: &Target,
    patch: Patch,
    desk: &mut Desk,
) -> Result<(), ArrayError> {
    let (written, sources) = graph.accesses(task).split_at(patch.tiles);
    desk.writes.clear();
    // SAFETY: an overwriting task is ordered after all earlier accessors of its versions and before all later (G2).
    desk.writes.extend(written.iter().map(|&id| unsafe { graph.version(id).bytes_mut() }));
    let count = patch.end - patch.start;
    let size = target.dtype.size();
    let mut temporary = target.buffered.then(|| desk.blocks.take(target.dtype, count)).transpose()?;
    let Desk { scratch, reads, writes, .. } = desk;
    with_operands(
        graph,
        inputs,
        sources,
        Tiles::Noted(graph.firsts(task, inputs.sources.len())),
        reads,
        |operands| {
            let mut dense = Layout::contiguous(&inputs.shape).expect("an iteration space that fits");
            dense.offset = -(patch.start as isize);
            let pointer = temporary.as_mut().map(TileBuf::as_mut_ptr);
            let out = match &pointer {
                Some(pointer) => TileMut {
                    layout: &dense,
                    tile_elems: usize::MAX,
                    first: 0,
                    tiles: std::slice::from_ref(pointer),
                },
                None => TileMut {
                    layout: &target.layout,
                    tile_elems: target.tile_elems,
                    first: patch.first_tile,
                    tiles: writes,
                },
            };
            // SAFETY: as in `tile_task`; a statement that reads what it writes is buffered, so `out` is no operand.
            unsafe {
                inputs.plan.map(
                    &inputs.consts,
                    &inputs.shape,
                    operands,
                    &out,
                    patch.start..patch.end,
                    scratch,
                )
            }
        },
    )?;
    if let Some(mut temporary) = temporary {
        let values = temporary.as_mut_ptr();
        // SAFETY: `values` holds the stretch, densely; `writes` holds every tile its elements lie in.
        unsafe { scatter_all(values, writes, target, patch.first_tile, patch.start..patch.end) }
        desk.blocks.put(temporary);
    }
    desk.tally.bytes += (count * (inputs.bytes_per_element + size)) as u64;
    Ok(())
}

/// Move dense `values` to where `range` of the target lies.
///
/// # Safety
/// `values` has one element for each of `range`, of the target's type; `tiles` are the target's tiles from `first_tile` on, all
/// that the elements lie in.
pub(crate) unsafe fn scatter_all(
    values: *const u8,
    tiles: &[*mut u8],
    target: &Target,
    first_tile: usize,
    range: std::ops::Range<usize>,
) {
    // SAFETY: the caller's; each type has the size of the elements.
    unsafe {
        match target.dtype.size() {
            1 => scatter::<u8>(values.cast(), tiles, target, first_tile, range),
            2 => scatter::<u16>(values.cast(), tiles, target, first_tile, range),
            4 => scatter::<u32>(values.cast(), tiles, target, first_tile, range),
            8 => scatter::<u64>(values.cast(), tiles, target, first_tile, range),
            16 => scatter::<[u64; 2]>(values.cast(), tiles, target, first_tile, range),
            size => unreachable!("elements of {size} bytes"),
        }
    }
}

/// [`scatter_all`] of elements of the size of `T`.
///
/// # Safety
/// As there.
unsafe fn scatter<T: Copy>(
    values: *const T,
    tiles: &[*mut u8],
    target: &Target,
    first_tile: usize,
    range: std::ops::Range<usize>,
) {
    let layout = &target.layout;
    let row = layout.shape.last().copied().unwrap_or(1);
    let stride = layout.strides.last().copied().unwrap_or(1) as usize;
    let mut tile = first_tile;
    let mut tile_begin = first_tile * target.tile_elems;
    let mut at = range.start;
    while at < range.end {
        let count = (row - at % row).min(range.end - at);
        let mut to = address(layout, at);
        for i in 0..count {
            while to - tile_begin >= target.tile_elems {
                tile += 1;
                tile_begin += target.tile_elems;
            }
            // SAFETY: the caller's promises; addresses only grow along a monotone layout.
            unsafe {
                *tiles.get_unchecked(tile - first_tile).cast::<T>().add(to - tile_begin) =
                    *values.add(at - range.start + i);
            }
            to += stride;
        }
        at += count;
    }
}

fn node_task(
    graph: &Graph,
    task: &Task,
    inputs: &Inputs,
    fold: &Fold,
    node: usize,
    range: std::ops::Range<usize>,
    desk: &mut Desk,
) -> Result<(), ArrayError> {
    desk.tally.bytes += (range.len() * inputs.bytes_per_element) as u64;
    let (scratch, reads) = (&mut desk.scratch, &mut desk.reads);
    let tiles = Tiles::Noted(graph.firsts(task, inputs.sources.len()));
    let partial = with_operands(graph, inputs, graph.accesses(task), tiles, reads, |operands| {
        // SAFETY: as in `tile_task`.
        unsafe { inputs.plan.reduce(&inputs.consts, &inputs.shape, operands, range, scratch) }
    })?;
    // SAFETY: this node's task is the only writer, and the fold waits for it.
    fold.partials[node].with_mut(|cell| unsafe { *cell = Some(partial) });
    Ok(())
}

fn fold_task(graph: &Graph, task: &Task, fold: &Fold, desk: &mut Desk) -> Result<(), ArrayError> {
    let take = |cell: &UnsafeCell<Option<Partial>>| {
        cell.with_mut(|cell| {
            // SAFETY: all nodes have finished, and nobody else reads.
            let partial = unsafe { (*cell).take() };
            partial.expect("edges order nodes before the fold")
        })
    };
    let partials: Vec<Partial> = fold.partials.iter().map(take).collect();
    let result = finish_reduction(fold.op, fold.dtype, fold.len, fold.max_elems, &partials)?;
    let mut block = desk.blocks.take(result.dtype(), 1)?;
    // SAFETY: the block holds one element of the result's type; this task creates the version (G2).
    unsafe {
        result.write(block.as_mut_ptr(), 0);
        graph.version(graph.accesses(task)[0]).put(block);
    }
    Ok(())
}
