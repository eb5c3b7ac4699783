//! What we cost beside our rivals.
//!
//! The numbers are for ratios: ours and every rival take turns in one process, so a machine that is slower or
//! busier today is so for all of them, and the median of the turns forgets the odd interruption. Compare
//! ratios between machines, never times.
//!
//! Ids read `family/operation/dtype/size`; each row says its thread count, and where threads matter a suite
//! measures one beside many. To add a suite: a file in `suites/`, a line in [`suites::ALL`].

pub mod contest;
pub mod points;
pub mod rival;
pub mod row;
pub mod suites;

pub use contest::{Contest, timed};
pub use row::{Row, Suite, Unit};
