//! Lists to arrays and back. Ints and floats change hands as they are: list and array share the memory until the
//! list is written.

use array_core::{Array, Buffer, DType, Element};

use crate::run::Run;
use crate::storage::Storage;
use crate::{List, ListError, Value};

/// NumPy's limit, and a bound for the recursion.
const MAX_NDIM: usize = 64;

impl List {
    /// The items as an array, typed as `np.array` does: `bool` when all are bools, `int64` when all are ints or
    /// bools, else `float64`; no items, `float64`. Lists of equal shape inside the list become further axes.
    ///
    /// An `Int` or `Float` list hands its memory over without a copy and keeps sharing it; a range is written
    /// out. O(1), or O(len).
    ///
    /// # Errors
    /// [`ListError::NotANumber`], [`ListError::Ragged`], [`ListError::TooDeep`].
    ///
    /// ```
    /// use strategy_lists::{List, Value};
    /// let list = List::from(vec![3, 4]);
    /// let array = list.to_array()?;
    /// assert_eq!(array.to_vec::<i64>().unwrap(), [3, 4]);
    /// let rows = List::from(vec![Value::from(list), List::from(vec![0.5, 1.5]).into()]);
    /// assert_eq!(rows.to_array()?.to_vec::<f64>().unwrap(), [3.0, 4.0, 0.5, 1.5]);
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn to_array(&self) -> Result<Array, ListError> {
        Ok(match &self.storage {
            Storage::Empty => Array::from_vec(Vec::<f64>::new(), [0]),
            Storage::Range(range) => Array::from_vec(range.iter().collect::<Vec<_>>(), [range.len()]),
            Storage::Int(run) => hand_over(run),
            Storage::Float(run) => hand_over(run),
            Storage::Object(_) => self.objects_to_array()?,
        })
    }

    /// The elements of `array`, evaluated, as a list: `int64` and `float64` share the array's memory where the
    /// array is the whole of a vector, integers of other widths are converted, further axes become lists.
    ///
    /// # Errors
    /// [`ListError::Array`] when the evaluation fails, [`ListError::NoAxis`] for a 0-d array,
    /// [`ListError::Overflow`] for an unsigned element beyond `i64`.
    ///
    /// ```
    /// use array_core::Array;
    /// use strategy_lists::{List, Strategy};
    /// let list = List::from_array(&Array::linspace(0.0, 1.0, 3))?;
    /// assert_eq!((list.strategy(), list.to_string()), (Strategy::Float, "[0.0, 0.5, 1.0]".into()));
    /// # Ok::<(), strategy_lists::ListError>(())
    /// ```
    pub fn from_array(array: &Array) -> Result<List, ListError> {
        let array = array.eval()?;
        let shape = array.shape();
        let vector = shape.len() == 1;
        match array.dtype() {
            _ if shape.is_empty() => Err(ListError::NoAxis),
            DType::I64 if vector => Ok(Self { storage: Storage::run(take_over(&array)?, Storage::Int) }),
            DType::F64 if vector => Ok(Self { storage: Storage::run(take_over(&array)?, Storage::Float) }),
            DType::I64 => Ok(nest(&array.to_vec::<i64>()?, shape)),
            DType::F64 => Ok(nest(&array.to_vec::<f64>()?, shape)),
            DType::Bool => Ok(nest(&array.to_vec::<bool>()?, shape)),
            DType::U8 => Ok(nest(&array.to_vec::<u8>()?, shape)),
            DType::U64 => {
                let signed = |x: u64| i64::try_from(x).map_err(|_| ListError::Overflow { value: x.into() });
                let items = array.to_vec::<u64>()?.into_iter().map(signed).collect::<Result<Vec<_>, _>>()?;
                Ok(nest(&items, shape))
            }
            other => Err(ListError::Dtype { dtype: other.name() }),
        }
    }

    fn objects_to_array(&self) -> Result<Array, ListError> {
        let mut shape = Vec::new();
        let mut inner = Some(self.clone());
        while let Some(list) = inner {
            if shape.len() == MAX_NDIM {
                return Err(ListError::TooDeep { most: MAX_NDIM });
            }
            shape.push(list.len());
            inner = if let Some(Value::List(first)) = list.iter().next() { Some(first) } else { None };
        }
        let mut leaves = Leaves { kind: Kind::Bool, items: Vec::with_capacity(self.len()) };
        leaves.gather(self, &shape)?;
        Ok(match leaves.kind {
            // Without a single leaf NumPy takes float64.
            _ if leaves.items.is_empty() => Array::from_vec(Vec::<f64>::new(), shape),
            Kind::Bool => Array::from_vec(leaves.each(|leaf| matches!(leaf, Leaf::Bool(true))), shape),
            Kind::Int => Array::from_vec(leaves.each(Leaf::int), shape),
            Kind::Float => Array::from_vec(leaves.each(Leaf::float), shape),
        })
    }
}

fn hand_over<T: Element>(run: &Run<T>) -> Array {
    Array::from_buffer(Buffer::from_shared(run.shared()), [run.as_slice().len()])
}

/// The vector behind a 1-d array that is the whole of it, else a copy of the elements.
fn take_over<T: Element>(array: &Array) -> Result<Run<T>, ListError> {
    if let Some((buffer, layout)) = array.as_buffer()
        && layout.is_contiguous()
        && layout.offset == 0
        && layout.len() == buffer.len()
        && let Some(shared) = buffer.to_shared::<T>()
    {
        return Ok(Run::from(shared));
    }
    Ok(Run::new(array.to_vec::<T>()?))
}

/// The elements of an array of `shape` (not 0-d) in C order, as lists of lists.
fn nest<T: Clone + Into<Value>>(items: &[T], shape: &[usize]) -> List {
    match shape {
        [] | [_] => items.iter().cloned().collect(),
        [len, rest @ ..] => {
            let each: usize = rest.iter().product();
            (0..*len).map(|index| nest(&items[index * each..][..each], rest)).collect()
        }
    }
}

/// What all leaves can be without changing their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bool,
    Int,
    Float,
}

#[derive(Debug, Clone, Copy)]
enum Leaf {
    Bool(bool),
    Int(i64),
    Float(f64),
}

impl Leaf {
    fn int(self) -> i64 {
        match self {
            Self::Bool(b) => b.into(),
            Self::Int(i) => i,
            Self::Float(f) => f as i64,
        }
    }

    fn float(self) -> f64 {
        if let Self::Float(f) = self { f } else { self.int() as f64 }
    }
}

/// The innermost items of nested lists, in C order.
#[derive(Debug)]
struct Leaves {
    kind: Kind,
    items: Vec<Leaf>,
}

impl Leaves {
    fn gather(&mut self, list: &List, shape: &[usize]) -> Result<(), ListError> {
        let ragged = |index, expected: &[usize]| ListError::Ragged { index, expected: expected.to_vec() };
        let (_, rest) = shape.split_first().ok_or_else(|| ragged(0, shape))?;
        for (index, value) in list.iter().enumerate() {
            let (leaf, kind) = match value {
                Value::List(inner) if rest.first() == Some(&inner.len()) => {
                    self.gather(&inner, rest)?;
                    continue;
                }
                Value::List(_) => return Err(ragged(index, rest)),
                _ if !rest.is_empty() => return Err(ragged(index, rest)),
                Value::Bool(b) => (Leaf::Bool(b), Kind::Bool),
                Value::Int(i) => (Leaf::Int(i), Kind::Int),
                Value::Float(f) => (Leaf::Float(f), Kind::Float),
                other => return Err(ListError::NotANumber { index, type_name: other.type_name() }),
            };
            self.kind = self.kind.max(kind);
            self.items.push(leaf);
        }
        Ok(())
    }

    fn each<T>(&self, convert: impl Fn(Leaf) -> T) -> Vec<T> {
        self.items.iter().map(|&leaf| convert(leaf)).collect()
    }
}
