//! One measurement, and the suites that make them.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a time is divided by. Smaller is always better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Nanoseconds for one operation.
    #[serde(rename = "ns/op")]
    NsPerOp,
    /// Microseconds for one operation.
    #[serde(rename = "us/op")]
    UsPerOp,
    /// Milliseconds for one operation.
    #[serde(rename = "ms/op")]
    MsPerOp,
    /// Events in a second, of a kind that should not happen.
    #[serde(rename = "1/s")]
    PerSecond,
}

impl Unit {
    /// How many of it make a second.
    pub fn per_second(self) -> f64 {
        match self {
            Self::NsPerOp => 1e9,
            Self::UsPerOp => 1e6,
            Self::MsPerOp => 1e3,
            Self::PerSecond => 1.0,
        }
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NsPerOp => "ns/op",
            Self::UsPerOp => "us/op",
            Self::MsPerOp => "ms/op",
            Self::PerSecond => "1/s",
        }
    }
}

/// One measurement: our median and that of each rival.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `family/operation/dtype/size`.
    pub id: String,
    /// What the numbers are in.
    pub unit: Unit,
    /// Our median; not a number if it was not measured ([`measure_only`](crate::contest::measure_only)).
    pub ours: f64,
    /// The rivals' medians.
    pub rivals: BTreeMap<String, f64>,
    /// Threads that took part.
    pub threads: usize,
}

/// A family of measurements.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// Its name on the command line.
    pub name: &'static str,
    /// What its numbers are for.
    pub about: &'static str,
    /// Measure, at each of these thread counts where that matters.
    pub run: fn(threads: &[usize]) -> Vec<Row>,
}

/// The rows as a table: ours, then each rival with its multiple of ours.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<36} {:>7} {:>12} {:>7}  rivals\n", "id", "threads", "ours", "unit");
    for row in rows {
        // Of nothing there is no multiple.
        let multiple =
            |time: &f64| if row.ours == 0.0 { String::new() } else { format!(" ({:.2}x)", time / row.ours) };
        let rivals = row.rivals.iter().map(|(name, time)| format!("{name} {time:.2}{}", multiple(time)));
        let rivals = rivals.collect::<Vec<_>>().join("  ");
        text += &format!(
            "{:<36} {:>7} {:>12.2} {:>7}  {rivals}\n",
            row.id,
            row.threads,
            row.ours,
            row.unit.name()
        );
    }
    text
}
