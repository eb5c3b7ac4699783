//! What the fuzz targets do with a string of bytes; ordinary functions, which tests/fuzz.rs runs on stable.
//!
//! **Promise** whatever the bytes: an error or a right answer, never a crash, and no memory for what cannot be. A body panics
//! exactly if that does not hold.
#![allow(dead_code, reason = "each target is a binary of its own and runs one body")]

use arbitrary::{Result, Unstructured};
use array_core::{
    Along, Array, ArrayError, BlockPool, Buffer, DType, Dims, Index, Layout, Op, Out, Select, Strides,
    npy::read_npy_from,
};

/// Only so many elements are looked at.
const FEW: usize = 1 << 12;

/// Absurd shapes, of constants that take no memory: views, operators, reductions, scans.
pub(crate) fn shapes(data: &[u8]) {
    // Bytes that end early end the run.
    let _ = try_shapes(&mut Unstructured::new(data));
}

/// Indices of every kind on both sides of `=`.
pub(crate) fn indices(data: &[u8]) {
    let _ = try_indices(&mut Unstructured::new(data));
}

/// Layouts over buffers that nobody vouches for, blocks that do not fit, cursors, and files.
pub(crate) fn buffers(data: &[u8]) {
    if let Ok(array) = read_npy_from(data) {
        look(&array);
    }
    let _ = try_buffers(&mut Unstructured::new(data));
}

fn length(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match u.int_in_range(0..=9)? {
        0 => usize::MAX,
        1 => isize::MAX as usize,
        2 => 1 << u.int_in_range(10..=62)?,
        n => n - 3,
    })
}

fn lengths(u: &mut Unstructured<'_>) -> Result<Vec<usize>> {
    (0..u.int_in_range(0..=4)?).map(|_| length(u)).collect()
}

fn position(u: &mut Unstructured<'_>) -> Result<isize> {
    Ok(match u.int_in_range(0..=5)? {
        0 => isize::MIN + u.int_in_range(0..=2)?,
        1 => isize::MAX - u.int_in_range(0..=2)?,
        2 => u.arbitrary()?,
        _ => u.int_in_range(-6..=6)?,
    })
}

fn index(u: &mut Unstructured<'_>) -> Result<Index> {
    let bound = |u: &mut Unstructured<'_>| {
        Ok::<_, arbitrary::Error>(if u.arbitrary()? { Some(position(u)?) } else { None })
    };
    Ok(match u.int_in_range(0..=6)? {
        0 => Index::Ellipsis,
        1 => Index::NewAxis,
        2 | 3 => Index::At(position(u)?),
        _ => Index::Slice { start: bound(u)?, stop: bound(u)?, step: position(u)? },
    })
}

fn items(u: &mut Unstructured<'_>) -> Result<Vec<Index>> {
    (0..u.int_in_range(0..=4)?).map(|_| index(u)).collect()
}

fn dtype(u: &mut Unstructured<'_>) -> Result<DType> {
    u.choose(DType::ALL).copied()
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    u.choose(Op::ALL).copied()
}

fn along(u: &mut Unstructured<'_>) -> Result<Along> {
    let axes: Vec<isize> = (0..u.int_in_range(0..=3)?).map(|_| position(u)).collect::<Result<_>>()?;
    let mut along = if u.arbitrary()? { Along::all() } else { Along::from(&axes[..]) };
    if u.arbitrary()? {
        along = along.keepdims();
    }
    if u.arbitrary()? {
        along = along.initial(1);
    }
    if u.arbitrary()? {
        along = along.filter(Array::full(lengths(u)?, true));
    }
    if u.arbitrary()? {
        along = along.out(&Array::full(lengths(u)?, 0).cast(dtype(u)?));
    }
    Ok(along)
}

/// Looks at an array only where it is small enough to be looked at: every way gives as many elements as the shape says.
fn look(array: &Array) {
    assert!(format!("{array:?}").len() < 1 << 18);
    if array.error().is_some() || array.len() > FEW {
        return;
    }
    match array.scalars() {
        Ok(values) => {
            assert_eq!(values.len(), array.len());
            assert!(!array.to_string().is_empty());
            assert!(values.iter().all(|value| value.dtype() == array.dtype()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Whether all leaves are so small that computing with them is no work.
fn is_small(arrays: &[&Array]) -> bool {
    arrays.iter().all(|array| array.error().is_some() || array.len() <= FEW)
}

fn try_shapes(u: &mut Unstructured<'_>) -> Result<()> {
    let a = Array::full(lengths(u)?, 7).cast(dtype(u)?);
    let b = Array::full(lengths(u)?, 3).cast(dtype(u)?);
    let (items, shape) = (items(u)?, lengths(u)?);
    let mut views = vec![
        a.slice(&items),
        a.broadcast_to(&shape),
        a.reshape(&shape),
        a.transpose().slice(&items),
        Array::where_(a.less(&b), &a, &b),
    ];
    let op = op(u)?;
    match op.arity() {
        1 => views.extend([Array::unary(op, &a), Array::unary_into(op, &a, &b)]),
        2 => views.extend([
            Array::binary(op, &a, &b),
            Array::binary_into(op, &a, &b, Out::from(&a).filter(Array::full(&shape, true))),
        ]),
        _ => {}
    }
    let (along, axis) = (along(u)?, position(u)?);
    let small = is_small(&[&a]);
    let reductions = [
        a.sum_along(along.clone()),
        a.max_along(along.clone()),
        a.mean_along(along.clone()),
        a.var(along.clone(), 1),
        a.any(along),
        a.argmin(axis),
        a.slice(&items).cumsum(axis),
        a.cumprod(None),
    ];
    for array in views.iter().filter(|_| small && is_small(&[&b])) {
        look(array);
    }
    for array in reductions.iter().filter(|_| small) {
        look(array);
    }
    // What was not looked at is still something: a shape that has a number, or an error.
    for array in views.iter().chain(&reductions).filter(|array| array.error().is_none()) {
        let bytes = array.shape().iter().try_fold(array.dtype().size(), |n, &d| n.checked_mul(d.max(1)));
        assert!(bytes.is_some(), "{array:?}");
    }
    if small && views.iter().all(|view| view.len() <= FEW) {
        let alone: Vec<_> = views.iter().map(|view| view.scalars()).collect();
        let expressions: Vec<&Array> = views.iter().collect();
        match Array::eval_all(&expressions, array_core::Isa::active()) {
            Ok(together) => {
                for (one, other) in alone.iter().zip(&together) {
                    assert_eq!(format!("{:?}", one), format!("{:?}", other.scalars()));
                }
            }
            Err(_) => assert!(alone.iter().any(|one| one.is_err())),
        }
    }
    Ok(())
}

/// An item with the positions, or the mask, of a small array.
fn select(u: &mut Unstructured<'_>, shape: &[usize]) -> Result<Select> {
    Ok(match u.int_in_range(0..=4)? {
        0 => {
            let axes = if u.arbitrary()? { shape.len() } else { shape.len().min(1) };
            // The bytes of a mask are there: a shape of more is not met by it.
            let mask: Vec<usize> = shape[..axes].iter().map(|&n| n.min(4)).collect();
            let bits = (0..mask.iter().product()).map(|_| u.arbitrary()).collect::<Result<Vec<bool>>>()?;
            Array::from_vec(bits, mask).into()
        }
        1 | 2 => {
            let count = u.int_in_range(0..=4)?;
            let positions = (0..count).map(|_| Ok(position(u)? as i64)).collect::<Result<Vec<i64>>>()?;
            let shape: &[usize] = if u.arbitrary()? { &[count] } else { &[count, 1] };
            Array::from_vec(positions, shape).cast(dtype(u)?).into()
        }
        _ => index(u)?.into(),
    })
}

fn try_indices(u: &mut Unstructured<'_>) -> Result<()> {
    let shape: Vec<usize> =
        (0..u.int_in_range(0..=3)?).map(|_| u.int_in_range(0..=4)).collect::<Result<_>>()?;
    let n: usize = shape.iter().product();
    let a = Array::from_vec((0..n as i64).collect(), &shape);
    let items: Vec<Select> = (0..u.int_in_range(0..=4)?).map(|_| select(u, &shape)).collect::<Result<_>>()?;
    let picked = a.pick(&items);
    look(&picked);
    if let Ok(values) = picked.to_vec::<i64>() {
        assert!(values.iter().all(|v| (0..n as i64).contains(v)), "{values:?} of {shape:?} by {items:?}");
    }
    let value = Array::full(lengths(u)?, -1);
    for changed in [a.set(&items, &value), a.set(&items, -1)] {
        if let Ok(values) = changed.to_vec::<i64>() {
            assert!(
                values.iter().enumerate().all(|(i, v)| *v == -1 || *v == i as i64),
                "{values:?} by {items:?}"
            );
        }
    }
    look(&a.at(op(u)?, &items, 1));
    let positions = Array::from_vec(vec![position(u)? as i64, position(u)? as i64], [2]).cast(dtype(u)?);
    let axis = if u.arbitrary()? { Some(position(u)?) } else { None };
    look(&a.take(&positions, axis));
    look(&a.put(&positions, &value.slice([Index::Ellipsis])));
    // What was picked from and changed is as it was.
    assert_eq!(a.to_vec::<i64>().unwrap(), (0..n as i64).collect::<Vec<_>>());
    Ok(())
}

fn try_buffers(u: &mut Unstructured<'_>) -> Result<()> {
    let len = u.int_in_range(0..=20)?;
    let (shape, offset) = (lengths(u)?, position(u)?);
    let strides: Vec<isize> = (0..u.int_in_range(0..=4)?).map(|_| position(u)).collect::<Result<_>>()?;
    let layout = Layout { shape: Dims::from_slice(&shape), strides: Strides::from_slice(&strides), offset };
    let fits = layout.fits(len);
    let mut a = Array::from_parts(Buffer::from_vec((0..len as i16).collect()), layout);
    assert_eq!(a.error().is_none(), fits);
    look(&Array::from_buffer(Buffer::from_vec(vec![1u8; len]), &shape));
    if !fits || a.len() > FEW {
        return Ok(());
    }
    let values = a.to_vec::<i16>().expect("a view of data");
    assert!(values.iter().all(|v| (0..len as i16).contains(v)));
    assert!(a.elements::<i16>().expect("as above").eq(values.iter().copied()));
    assert!(matches!(a.elements::<f64>(), Err(ArrayError::WrongType { .. })));
    look(&(&a + 1));
    look(&a.slice(items(u)?));
    look(&a.reshape(lengths(u)?));
    look(&a.pick([select(u, &shape)?]));
    // Changing one array changes no other, and no element twice.
    let before = a.clone();
    for x in a.elements_mut::<i16>().expect("as above") {
        *x += 1;
    }
    assert!(a.to_vec::<i16>().unwrap().iter().eq(values.iter().map(|v| v + 1).collect::<Vec<_>>().iter()));
    assert_eq!(before.to_vec::<i16>().unwrap(), values);
    if let Ok(cells) = a.cells_mut::<i16, 2>() {
        let at = [position(u)? as usize, position(u)? as usize];
        let inside = at.iter().zip(cells.shape()).all(|(&i, n)| i < n);
        assert_eq!(cells.get(at).is_some(), inside);
    }
    let pool = BlockPool::new(0);
    let (kind, room) = (dtype(u)?, u.int_in_range(0..=20)?);
    let block = pool.take_zeroed(kind, room).expect("a small block");
    let doubled = Array::binary(Op::Add, &a, &a);
    assert_eq!(doubled.eval_into(block).is_ok(), kind == DType::I16 && room == a.len());
    Ok(())
}
