//! `cargo xtask docs`: the documentation builds without a warning, and the Markdown files link to what exists.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Outcome, Shell, relative};
use crate::workspace;

pub(crate) fn run(open: bool) -> Outcome {
    links(&workspace::root())?;
    // The command's crate is a binary called like the library `txarray`: its page would overwrite the library's.
    let cargo = Shell::cargo().args(["doc", "--workspace", "--no-deps", "--exclude", "txarray-cli"]);
    let cargo = if open { cargo.arg("--open") } else { cargo };
    cargo.env("RUSTDOCFLAGS", "-D warnings").run()
}

/// Every relative link of every Markdown file leads to a file or folder.
fn links(root: &Path) -> Outcome {
    let mut files = Vec::new();
    markdown(root, &mut files)?;
    let mut dead = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let folder = file.parent().unwrap_or(root);
        let gone = targets(&text).filter(|target| !folder.join(target).exists());
        dead.extend(gone.map(|target| format!("{}: {target}", relative(file, root))));
    }
    if dead.is_empty() {
        println!("links: {} Markdown files, every relative link leads somewhere", files.len());
        return Ok(());
    }
    Err(format!("dead links:\n  {}", dead.join("\n  ")))
}

fn markdown(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let fail = |e| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with("target") && !name.starts_with('.') {
            markdown(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "md") {
            files.push(path);
        }
    }
    Ok(())
}

/// The files that `[text](file#part)` links of `text` name; addresses and bare `#parts` are left out.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    let links = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split_once(')'));
    links
        .map(|(target, _)| target.split('#').next().unwrap_or(""))
        .filter(|t| !t.is_empty() && !t.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_prose_only() {
        let text = "[a](one.md) [b](two.md#part) [c](https://example.org) [d](#here)\n```\n[e](code.md)\n```\n[f](three/)";
        assert_eq!(targets(text).collect::<Vec<_>>(), ["one.md", "two.md", "three/"]);
    }
}
