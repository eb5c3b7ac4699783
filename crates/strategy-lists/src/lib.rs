#![doc = include_str!("../README.md")]

mod array;
mod compare;
mod display;
mod error;
mod fold;
mod iter;
mod list;
mod order;
mod range;
mod run;
mod search;
mod slice;
mod storage;
mod strategy;
mod value;

pub use error::ListError;
pub use iter::Iter;
pub use list::List;
pub use strategy::{Item, Strategy};
pub use value::{Foreign, Value};
