//! `--report FILE.json`: what the session did and how the run ended.

use crate::{
    fault::{Fault, Kind, Result},
    files,
};
use serde_json::{Value, json};
use std::{io::Write as _, path::Path};
use txarray::Report;

/// Writes the report, also of a run that failed.
///
/// # Errors
/// [`Kind::Output`].
pub(crate) fn write(
    path: &Path,
    script: &str,
    report: Option<&Report>,
    failure: Option<&Fault>,
) -> Result<()> {
    let mut document = json!({ "script": script });
    if let Some(fields) = document.as_object_mut() {
        let exit_status = failure.map_or(0, |fault| fault.kind().exit_code());
        fields.insert("exit_status".into(), json!(exit_status));
        fields.insert("error".into(), json!(failure.map(Fault::message)));
        let numbers = report.map(serde_json::to_value).transpose();
        let numbers = numbers.map_err(|error| Fault::new(Kind::Internal, format!("the report: {error}")))?;
        if let Some(Value::Object(numbers)) = numbers {
            fields.extend(numbers);
        }
    }
    files::write_whole(path, |out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    })
}
