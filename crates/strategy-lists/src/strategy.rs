//! Strategies, and which one a write leads to: the transition table, as data.
//!
//! **Invariant** T1: a write never changes the type or value of an item, its own or another's. So an int that
//! meets floats makes both objects: Python's `1` stays `1`, it does not become `1.0`.
//! **Invariant** T2: transitions only go towards `Object`; `clear` alone goes back to `Empty`.
//!
//! A new strategy is a row and, if it stores a type of its own, a column here, and a variant in `storage.rs`.

/// How a list stores its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// No items, no storage. The first write chooses.
    Empty,
    /// Integers `start, start + step, …`: three numbers, whatever the length.
    Range,
    /// Integers of 64 bits, 8 bytes each.
    Int,
    /// Floats of 64 bits, 8 bytes each.
    Float,
    /// Anything.
    Object,
}

/// What kind of item is written, as far as strategies care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item {
    /// An integer; a bool is none.
    Int,
    /// A float.
    Float,
    /// Everything else.
    Other,
}

impl Strategy {
    /// Every strategy, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Empty, Self::Range, Self::Int, Self::Float, Self::Object];

    /// The strategy of a list of this strategy after an item of kind `item` was written into it.
    ///
    /// ```
    /// use strategy_lists::{Item, Strategy};
    /// assert_eq!(Strategy::Range.after(Item::Int), Strategy::Int);
    /// assert_eq!(Strategy::Float.after(Item::Int), Strategy::Object); // 1 stays 1
    /// ```
    pub const fn after(self, item: Item) -> Self {
        AFTER[self as usize][item as usize]
    }

    /// The kind of the items that a list of this strategy holds; `None` where there are none.
    pub const fn item(self) -> Option<Item> {
        match self {
            Self::Empty => None,
            Self::Range | Self::Int => Some(Item::Int),
            Self::Float => Some(Item::Float),
            Self::Object => Some(Item::Other),
        }
    }
}

impl Item {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Int, Self::Float, Self::Other];
}

/// Rows: the strategy before. Columns: the item written.
#[rustfmt::skip]
const AFTER: [[Strategy; Item::ALL.len()]; Strategy::ALL.len()] = {
    use Strategy::{Float, Int, Object};
    [
        //             Int      Float    Other
        /* Empty  */ [ Int,     Float,   Object ],
        /* Range  */ [ Int,     Object,  Object ],
        /* Int    */ [ Int,     Object,  Object ],
        /* Float  */ [ Object,  Float,   Object ],
        /* Object */ [ Object,  Object,  Object ],
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_of_the_table_are_those_of_the_enums() {
        for (index, strategy) in Strategy::ALL.into_iter().enumerate() {
            assert_eq!(strategy as usize, index);
        }
        for (index, item) in Item::ALL.into_iter().enumerate() {
            assert_eq!(item as usize, index);
        }
    }

    #[test]
    fn what_a_strategy_leads_to_can_hold_both_items() {
        for before in Strategy::ALL {
            for item in Item::ALL {
                let after = before.after(item);
                let holds = |kind| after == Strategy::Object || after.item() == Some(kind);
                assert!(holds(item), "{before:?} after {item:?} cannot hold the item");
                assert!(
                    before.item().is_none_or(holds),
                    "{before:?} after {item:?} cannot hold what was there"
                );
            }
        }
    }

    #[test]
    fn transitions_settle() {
        for before in Strategy::ALL {
            for item in Item::ALL {
                let after = before.after(item);
                assert_eq!(after.after(item), after, "a second {item:?} moves {before:?} again");
            }
        }
    }
}
