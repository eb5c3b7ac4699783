//! Why the program runs as it does: for each line its expressions, the fused pass each became, the kernels of the pass, why it is
//! not one pass with what it reads, and why it is not many tasks.
//!
//! Statements of one line that became the same pass in the same number of tasks are one explanation.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use array_core::Plan;
use serde::Serialize;
use smallvec::SmallVec;

use crate::graph::{StatementSeq, Work};
use crate::lines::LineId;
use crate::session::Session;
use crate::statement::{Kind, Statement};

/// Why an expression is not one pass with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum NotFused {
    /// It uses the result of a reduction, which needs every element first.
    Reduction,
    /// The values can make it fail, so it is computed when it is recorded, after everything before it.
    CanFail,
    /// It is made of an operation on whole arrays: elements picked or put at positions, which is a statement of its own, or a running
    /// sum, which is computed when it is recorded, after everything before it.
    Whole,
    /// It reads or writes an array that other threads share: it runs as a transaction, on a snapshot.
    Shared,
}

impl fmt::Display for NotFused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reduction => "a reduction in it needs all of its elements first",
            Self::CanFail => "its values can make it fail, so it is computed on the spot",
            Self::Whole => "an operation in it needs its operands as wholes, so it is a step of its own",
            Self::Shared => "an array in it is shared with other threads: it is a transaction",
        })
    }
}

/// Why a statement is not spread over the threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum NotParallel {
    /// The budget is one thread.
    OneThread,
    /// It was done when it was recorded: a number into free elements, a copy that shares tiles, a single element, nothing.
    AtOnce,
    /// It was computed when it was recorded: it is small, and nothing that it touches had to be waited for
    /// ([`Config::inline_effort`](crate::Config::inline_effort)).
    Small,
    /// It has no more elements than a tile.
    OneTile,
    /// Its elements have to be taken in order, and its results are too few to share them out.
    InOrder,
    /// It writes a small part of its tiles, in place: one task is less work than many.
    SmallWrite,
    /// It reads what it writes in place, so it computes everything before it writes anything.
    ReadsItself,
    /// A closure whose early runs keep losing to the statements before it: it runs when it is its turn.
    Losing,
    /// A closure that takes less time than handing it to another thread.
    Short,
    /// The runs it was part of had too little work for a second thread.
    LittleWork,
}

impl fmt::Display for NotParallel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneThread => "the thread budget is one",
            Self::AtOnce => "it was done when it was recorded",
            Self::Small => "it is small and waited for nothing, so it was computed when it was recorded",
            Self::OneTile => "it has no more elements than a tile",
            Self::InOrder => "its elements are taken in order, and its results are few",
            Self::SmallWrite => "it writes a small part of its tiles, in place",
            Self::ReadsItself => "it reads what it writes in place",
            Self::Losing => "its early runs keep losing to the statements before it",
            Self::Short => "it takes less time than handing it to another thread",
            Self::LittleWork => "the runs it was part of had too little work for a second thread",
        })
    }
}

/// What became of the statements of one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The source line: `file:line:column`.
    pub site: String,
    /// How many statements became this.
    pub statements: u64,
    /// The expression of the pass; empty for a closure and for what needed no pass.
    pub expression: String,
    /// The fused pass, one instruction a line, headed by its type and instruction set; empty where there is none.
    pub plan: String,
    /// The kernels of the pass, in order.
    pub kernels: Vec<String>,
    /// The instruction set the kernels were chosen for.
    pub isa: Option<String>,
    /// Tasks of each statement.
    pub tasks: u64,
    /// Why it is not one pass with what it is made of.
    pub not_fused: Vec<NotFused>,
    /// Why it is not many tasks on many threads.
    pub not_parallel: Option<NotParallel>,
}

impl fmt::Display for Explanation {
    /// Four levels, each indented below the one before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, statements, expression, plan, kernels, isa, tasks, not_fused, not_parallel } = self;
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        writeln!(
            f,
            "{site}: {statements} statement{} of {tasks} task{}",
            plural(*statements),
            plural(*tasks)
        )?;
        if !expression.is_empty() {
            writeln!(f, "  {expression}")?;
        }
        for (i, line) in plan.lines().enumerate() {
            writeln!(f, "    {}{}", if i == 0 { "" } else { "  " }, line.trim())?;
        }
        if let Some(isa) = isa {
            writeln!(f, "      kernels for {isa}: {}", kernels.join(", "))?;
        }
        not_fused.iter().try_for_each(|why| writeln!(f, "  not fused: {why}"))?;
        not_parallel.iter().try_for_each(|why| writeln!(f, "  not parallel: {why}"))
    }
}

/// What makes two statements one explanation.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    line: LineId,
    plan: usize,
    tasks: u64,
    not_parallel: Option<NotParallel>,
    /// Of a reduction, which, with its axes: reductions of the same along others are one plan.
    reduction: String,
}

/// The explanations so far.
#[derive(Debug, Default)]
pub(crate) struct Explainer {
    known: HashMap<Key, usize>,
    found: Vec<(LineId, Explanation)>,
    /// Of each line: its statements that ran in runs of one thread only.
    alone: HashMap<LineId, u64>,
    ran: HashMap<LineId, u64>,
    /// What is known of the statement that is being recorded.
    pub(crate) expression: String,
    pub(crate) not_fused: SmallVec<[NotFused; 2]>,
}

impl Explainer {
    /// A statement has run, alone or among several threads.
    pub(crate) fn ran(&mut self, line: LineId, alone: bool) {
        *self.ran.entry(line).or_default() += 1;
        *self.alone.entry(line).or_default() += u64::from(alone);
    }

    fn add(&mut self, key: Key, make: impl FnOnce(String, Vec<NotFused>) -> Explanation) {
        let expression = std::mem::take(&mut self.expression);
        let not_fused = std::mem::take(&mut self.not_fused).into_vec();
        let line = key.line;
        let at = *self.known.entry(key).or_insert_with(|| {
            self.found.push((line, make(expression, not_fused)));
            self.found.len() - 1
        });
        self.found[at].1.statements += 1;
    }
}

impl Session {
    /// Why the statements so far ran as they did, in the order in which their lines came up; empty without
    /// [`Config::explain`](crate::Config::explain).
    ///
    /// ```
    /// use array_core::Array;
    /// use tx_scheduler::{Config, NotFused, NotParallel, Session};
    /// let mut session = Session::new(Config::single_thread().explain(true));
    /// let u = session.array(Array::ones([200_000]))?;
    /// session.assign(&u, (u.read() - u.read().mean()) * 2.0)?;
    /// let why = session.explain();
    /// let outer = why.last().unwrap();
    /// assert_eq!(outer.not_fused, [NotFused::Reduction]);
    /// assert_eq!(outer.not_parallel, Some(NotParallel::OneThread));
    /// assert!(outer.expression.contains("* 2.0"));
    /// println!("{outer}");
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    pub fn explain(&self) -> Vec<Explanation> {
        let Some(explainer) = &self.explainer else { return Vec::new() };
        let mut all: Vec<Explanation> = Vec::with_capacity(explainer.found.len());
        for (line, explanation) in &explainer.found {
            let mut explanation = explanation.clone();
            let count = |of: &HashMap<LineId, u64>| of.get(line).copied().unwrap_or(0);
            let (alone, ran) = (count(&explainer.alone), count(&explainer.ran));
            if explanation.not_parallel.is_none() && ran > 0 && alone == ran {
                explanation.not_parallel = Some(NotParallel::LittleWork);
            }
            all.push(explanation);
        }
        all
    }

    /// Note the expression of the statement that is being recorded.
    pub(crate) fn explain_expression(&mut self, value: &array_core::Array) {
        if let Some(explainer) = &mut self.explainer {
            explainer.expression = value.formula();
        }
    }

    /// Note why the statement that is being recorded is not one pass with what it is made of.
    pub(crate) fn explain_not_fused(&mut self, why: NotFused) {
        if let Some(explainer) = &mut self.explainer
            && !explainer.not_fused.contains(&why)
        {
            explainer.not_fused.push(why);
        }
    }

    /// A statement was done when it was recorded, by a plan or without.
    pub(crate) fn explain_done(&mut self, line: LineId, plan: Option<&Arc<Plan>>, why: NotParallel) {
        if self.explainer.is_some() {
            self.explain_as(line, plan, 0, Some(why));
        }
    }

    /// A statement was recorded.
    pub(crate) fn explain_recorded(&mut self, statement: StatementSeq) {
        if self.explainer.is_none() {
            return;
        }
        let threads = self.runner.threads();
        let Statement { line, ref kind, ref left, .. } = *self.graph.statement(statement);
        let tasks = u64::from(left.load(tx_runtime::sync::atomic::Ordering::Relaxed));
        let last = self.graph.task(self.graph.next_task() - 1);
        let plan = match kind {
            Kind::Map { inputs, .. } | Kind::Reduce { inputs, .. } | Kind::Axes { inputs, .. } => {
                Some(&inputs.plan)
            }
            Kind::Places(_) | Kind::Dynamic(_) => None,
        };
        let not_parallel = match kind {
            _ if threads == 1 => Some(NotParallel::OneThread),
            Kind::Dynamic(_) if tasks > 1 => None,
            Kind::Dynamic(_) if self.graph.lines.get(line).odds.is_short() => Some(NotParallel::Short),
            Kind::Dynamic(_) => Some(NotParallel::Losing),
            Kind::Reduce { .. } if tasks > 2 => None,
            _ if tasks > 1 => None,
            Kind::Places(_) if matches!(last.work, Work::Tile { keeps: true, .. }) => {
                Some(NotParallel::SmallWrite)
            }
            Kind::Axes { inputs, .. } if inputs.shape.iter().product::<usize>() > self.config.tile_elems => {
                Some(NotParallel::InOrder)
            }
            Kind::Map { inputs, target } if matches!(last.work, Work::Scatter { .. }) => {
                let itself = inputs.sources.iter().any(|source| source.slot == target.slot);
                Some(if itself { NotParallel::ReadsItself } else { NotParallel::SmallWrite })
            }
            _ => Some(NotParallel::OneTile),
        };
        let not_parallel = match kind {
            Kind::Reduce { .. } if threads > 1 && tasks == 2 => Some(NotParallel::OneTile),
            _ => not_parallel,
        };
        self.explain_as(line, plan.cloned().as_ref(), tasks, not_parallel);
    }

    /// A statement became this.
    fn explain_as(
        &mut self,
        line: LineId,
        plan: Option<&Arc<Plan>>,
        tasks: u64,
        not_parallel: Option<NotParallel>,
    ) {
        let text = plan.map(|plan| format!("{plan:?}")).unwrap_or_default();
        let kernels = text.lines().skip(1).filter_map(|line| line.split_once(" = ")).map(|(_, call)| {
            let end = call.rfind('(').unwrap_or(call.len());
            call[..end].to_owned()
        });
        let fold = plan.and_then(|plan| plan.reduction()).map(|op| format!("{}.reduce", op.name()));
        let kernels: Vec<String> = kernels.chain(fold).collect();
        let isa = plan.map(|plan| plan.isa().to_string());
        let site = self.graph.lines.site(line).to_string();
        let explainer = self.explainer.as_mut().expect("looked at above");
        let head = explainer.expression.split('(').next().unwrap_or_default();
        let reduction = if head.contains(".reduce") { head.to_owned() } else { String::new() };
        let plan = plan.map_or(0, |plan| Arc::as_ptr(plan).addr());
        let key = Key { line, plan, tasks, not_parallel, reduction };
        explainer.add(key, |expression, not_fused| Explanation {
            site,
            statements: 0,
            expression,
            plan: text,
            kernels,
            isa,
            tasks,
            not_fused,
            not_parallel,
        });
    }
}
