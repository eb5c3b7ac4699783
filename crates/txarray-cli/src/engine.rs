//! The session behind the script: every array statement goes through here.
//!
//! **Promise** a statement is recorded with the line and column of the script's statement being executed, which costs
//! nothing while only scalars are computed; the session's errors become the script's.

use crate::{
    fault::{Fault, Kind, Result, Span},
    memory,
    source::Source,
};
use std::sync::Arc;
use txarray::{Array, Scalar, Select, Session, SessionError, Site, View};

/// A session that knows which line of the script it works for.
#[derive(Debug)]
pub(crate) struct Engine {
    session: Session,
    source: Arc<Source>,
    /// The statement being executed.
    span: Span,
    /// The statement the session was told about last.
    told: Option<Span>,
}

impl Engine {
    pub(crate) fn new(session: Session, source: Arc<Source>) -> Self {
        Self { session, source, span: Span::default(), told: None }
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    #[inline]
    pub(crate) fn enter(&mut self, span: Span) {
        self.span = span;
    }

    /// The statement being executed.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// New storage that holds the value.
    pub(crate) fn bind(&mut self, value: Array) -> Result<View> {
        memory::check(&value)?;
        self.tell();
        self.session.array(value).map_err(fault)
    }

    /// `target[...] = value`.
    pub(crate) fn assign(&mut self, target: &View, value: Array) -> Result<()> {
        self.tell();
        self.session.assign(target, value).map_err(fault)
    }

    /// What a full index selects, with its masks computed.
    pub(crate) fn pick(&mut self, array: Array, items: &[Select]) -> Result<Array> {
        self.tell();
        self.session.pick(array, items).map_err(fault)
    }

    /// `target[items] = value`.
    pub(crate) fn put(&mut self, target: &View, items: &[Select], value: Array) -> Result<()> {
        self.tell();
        self.session.put(target, items, value).map_err(fault)
    }

    /// A full index with its masks computed.
    pub(crate) fn known_masks(&mut self, items: &[Select]) -> Result<Vec<Select>> {
        self.tell();
        self.session.known_masks(items).map_err(fault)
    }

    /// The value, computed.
    pub(crate) fn eval(&mut self, value: Array) -> Result<Array> {
        memory::check(&value)?;
        self.tell();
        self.session.eval(value).map_err(fault)
    }

    /// The one element, computed.
    pub(crate) fn item(&mut self, value: Array) -> Result<Scalar> {
        self.tell();
        self.session.item(value).map_err(fault)
    }

    /// Runs everything recorded.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.session.finish().map_err(fault)
    }

    fn tell(&mut self) {
        if self.told != Some(self.span) {
            let (line, column) = self.source.position(self.span.start().into());
            self.session.set_site(Some(Site::script(self.source.name().clone(), line, column)));
            self.told = Some(self.span);
        }
    }
}

/// A session's error in the script's words. Where it happened is added by the expression being evaluated; a panic in a
/// statement that ran later names its own line.
pub(crate) fn fault(error: SessionError) -> Fault {
    match error {
        SessionError::Array(error) => Fault::failed(error.root().to_string()),
        SessionError::Internal { site, message } => {
            Fault::new(Kind::Internal, format!("{message} (in the statement at {site})"))
        }
        other => Fault::failed(other.to_string()),
    }
}
