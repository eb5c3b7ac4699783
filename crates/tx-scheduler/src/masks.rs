//! Indices with masks that the session computes: `a[mask]` and `a[mask] = values`.
//!
//! How many elements a mask selects is part of a shape, which is known when an expression is built. So a mask over arrays of the
//! session is computed first, after everything before it; what it selects are positions, and tasks from there on
//! ([`crate::positions`]). One value for all elements that a mask selects needs neither: that is a choice for each element, an
//! elementwise statement that waits for nothing.

use std::panic::Location;

use array_core::{Array, DType, Select};
use tx_collections::View;

use crate::error::SessionError;
use crate::session::Session;

impl Session {
    /// The elements of `array` that a full index selects, NumPy's `array[items]`, as an expression. Masks over arrays of the
    /// session are computed now, after everything recorded before; positions wait until the expression is recorded.
    ///
    /// ```
    /// use array_core::{Array, pick};
    /// use tx_scheduler::{Config, Session};
    /// let mut session = Session::new(Config::single_thread());
    /// let u = session.array(Array::arange(0.0, 5.0, 1.0))?;
    /// session.assign(&u, u.read() * 0.25)?;
    /// let large = session.pick(&u, pick![u.read().greater(0.4)])?;
    /// assert_eq!(session.eval(large)?.to_vec::<f64>()?, [0.5, 0.75, 1.0]);
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Array::pick`] and of the masks; the failure of an earlier statement.
    #[track_caller]
    pub fn pick(
        &mut self,
        array: impl Into<Array>,
        items: impl AsRef<[Select]>,
    ) -> Result<Array, SessionError> {
        // Bound before anything runs, as every expression is.
        let array = array.into();
        let items = self.known_masks(items)?;
        let picked = array.pick(items);
        match picked.error() {
            Some(error) => Err(error.clone().into()),
            None => Ok(picked),
        }
    }

    /// `target[items] = value` for a full index. Where the target is a whole array, only the tiles that are named are touched. Masks as
    /// for [`pick`](Self::pick), except that one mask with one value is recorded without being computed.
    ///
    /// ```
    /// use array_core::{Array, pick};
    /// use tx_scheduler::{Config, Session};
    /// let mut session = Session::new(Config::single_thread());
    /// let u = session.array(Array::arange(0.0, 5.0, 1.0))?;
    /// session.put(&u, pick![u.read().less(2.0)], Array::from_vec(vec![7.0, 8.0], [2]))?;
    /// session.put(&u, pick![u.read().equal(4.0)], -1.0)?;
    /// assert_eq!(session.eval(&u)?.to_vec::<f64>()?, [7.0, 8.0, 2.0, 3.0, -1.0]);
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    ///
    /// A plain integer is cast to the target's type, as [`assign`](Session::assign) casts whatever it is given.
    ///
    /// # Errors
    /// Those of [`Array::set`] of an array, such as [`ArrayError::MaskValues`](array_core::ArrayError::MaskValues), and of the masks; a view of another
    /// session; the failure of an earlier statement. Nothing of the statement is recorded then.
    #[track_caller]
    pub fn put(
        &mut self,
        target: impl AsRef<View>,
        items: impl AsRef<[Select]>,
        value: impl Into<Array>,
    ) -> Result<(), SessionError> {
        let line = self.line_or(Location::caller());
        let (target, value) = (target.as_ref(), value.into());
        let one = value.ndim() == 0
            && matches!(items.as_ref(), [Select::Array(mask)] if mask.dtype() == DType::Bool);
        let items = if one { items.as_ref().to_vec() } else { self.known_masks(items)? };
        // The expression is given away: whoever still held it would make the put keep the target's present value.
        let changed = target.read().set(&items, value);
        self.timed(move |session| session.record_assign(target, changed, line))
    }

    /// An index with its masks over arrays of the session replaced by their values, which is what an index on both sides of an
    /// assignment wants: `target[items] += value`.
    ///
    /// ```
    /// use array_core::{pick, Array};
    /// use tx_scheduler::{Config, Session};
    ///
    /// let mut session = Session::new(Config::single_thread());
    /// let u = session.array(Array::arange(0.0, 5.0, 1.0))?;
    /// let items = session.known_masks(pick![u.read().less(2.0)])?;
    /// let more = u.read().pick(&items) + 10.0;
    /// session.put(&u, &items, more)?;
    /// assert_eq!(session.eval(&u)?.to_vec::<f64>()?, [10.0, 11.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    ///
    /// # Errors
    /// Those of the masks; the failure of an earlier statement.
    #[track_caller]
    pub fn known_masks(&mut self, items: impl AsRef<[Select]>) -> Result<Vec<Select>, SessionError> {
        let line = self.line_or(Location::caller());
        let items = items.as_ref().iter().cloned();
        items
            .map(|item| match item {
                Select::Array(mask) if mask.dtype() == DType::Bool && reads(&mask) => {
                    Ok(Select::Array(self.evaluated(mask, line)?))
                }
                item => Ok(item),
            })
            .collect()
    }
}

/// Whether an expression reads data that only a session has.
fn reads(expression: &Array) -> bool {
    let mut reads = false;
    expression.for_each_source(&mut |_, _| reads = true);
    reads
}
