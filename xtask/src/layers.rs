//! `cargo xtask layers`: imports only go down, dependencies enter by their door, rooms keep their vows.
//!
//! The rules are data in [`house`]; this file compares them with what cargo says about the manifests (normal,
//! build and development dependencies alike, on every platform) and with the words of the sources.

mod house;

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, Package};
use house::{DOORS, Door, Imports, ROOMS, Room, VOWS, Vow};

use crate::shell::{Outcome, relative};
use crate::workspace;

pub(crate) fn run(manifest: Option<&Path>) -> Outcome {
    let metadata = workspace::members(manifest)?;
    let crates = workspace::crates(&metadata);
    let mut broken = Vec::new();
    for package in &crates {
        let name = package.name.as_str();
        let Some(room) = ROOMS.iter().find(|r| r.name == name) else {
            broken.push(format!("{name} has no floor: add it to ROOMS in xtask/src/layers/house.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            broken.extend(upward(room, dependency));
            broken.extend(around_the_door(room, dependency));
        }
        broken.extend(outside_the_house(&crates, package));
        for vow in VOWS.iter().filter(|v| v.package == name) {
            broken.extend(broken_vow(vow, package)?);
        }
    }
    if broken.is_empty() {
        println!("layers: {} crates, imports only go down", crates.len());
        return Ok(());
    }
    Err(format!("{} broken rule(s) of the house:\n  {}", broken.len(), broken.join("\n  ")))
}

fn edge(room: &Room, dependency: &Dependency) -> String {
    let kind = match dependency.kind {
        DependencyKind::Development => " (for tests)",
        DependencyKind::Build => " (for its build)",
        _ => "",
    };
    format!("{} -> {}{kind}", room.name, dependency.name)
}

/// An import of a sibling on the same floor, on a higher one, or outside the room's own list.
fn upward(room: &Room, dependency: &Dependency) -> Option<String> {
    let target = ROOMS.iter().find(|r| r.name == dependency.name)?;
    let edge = edge(room, dependency);
    if target.floor >= room.floor {
        let how = if target.floor == room.floor { "sideways" } else { "upward" };
        return Some(format!("{how}: {edge}: floor {} may not import floor {}", room.floor, target.floor));
    }
    match room.imports {
        Imports::Only(these) if !these.contains(&target.name) => {
            Some(format!("not its neighbour: {edge}: {} may import {} only", room.name, these.join(", ")))
        }
        _ => None,
    }
}

/// A dependency from outside in a room that is not its door. The first door that fits decides.
fn around_the_door(room: &Room, dependency: &Dependency) -> Option<String> {
    let fits = |door: &&Door| match door.package.strip_suffix('*') {
        Some(family) => dependency.name.starts_with(family),
        None => dependency.name == door.package,
    };
    let door = DOORS.iter().find(fits)?;
    let in_tests = dependency.kind == DependencyKind::Development && door.in_tests;
    if in_tests || door.rooms.contains(&room.name) {
        return None;
    }
    let rooms = if door.rooms.is_empty() { "no crate".into() } else { door.rooms.join(", ") };
    Some(format!(
        "around the door: {}: {} belongs to {rooms} ({})",
        edge(room, dependency),
        door.package,
        door.why
    ))
}

/// A dependency by path that is no crate of the house: benches, stress tests, tasks, a folder elsewhere.
fn outside_the_house<'a>(crates: &'a [&Package], package: &'a Package) -> impl Iterator<Item = String> + 'a {
    let strangers = package.dependencies.iter().filter(|d| d.path.is_some());
    strangers.filter(|d| !crates.iter().any(|c| c.name.as_str() == d.name)).map(|dependency| {
        format!("outside the house: {} -> {}: not a crate under crates/", package.name, dependency.name)
    })
}

/// Every line that says a forbidden word.
fn broken_vow(vow: &Vow, package: &Package) -> Outcome<Vec<String>> {
    let folder = package.manifest_path.parent().map(|p| p.as_std_path()).unwrap_or(Path::new("."));
    let mut files = Vec::new();
    sources(&folder.join(vow.under), &mut files)?;
    files.sort();
    let mut broken = Vec::new();
    for file in files {
        let name = relative(&file, folder);
        if vow.except.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        for (number, line) in code(&text) {
            for word in vow.words.iter().filter(|word| says(line, word)) {
                let at = format!("{}/{name}:{number}", package.name);
                broken.push(format!("broken vow: {at}: `{word}`: {}", vow.why));
            }
        }
    }
    Ok(broken)
}

fn sources(path: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let fail = |e| format!("{}: {e}", path.display());
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).map_err(fail)? {
            let entry = entry.map_err(fail)?.path();
            if entry.is_dir() || entry.extension().is_some_and(|e| e == "rs") {
                sources(&entry, files)?;
            }
        }
    }
    Ok(())
}

/// The numbered lines of `text` without comments, up to the unit tests that end a file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]") && !line.starts_with("#[cfg(all(test"));
    body.enumerate().map(|(index, line)| (index + 1, line.split_once("//").map_or(line, |(code, _)| code)))
}

/// Whether `line` contains `word`, not as the tail of a longer word (nor of a lifetime, for `static`).
fn says(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_itself_goes_down() {
        for room in ROOMS {
            if let Imports::Only(these) = room.imports {
                for name in these {
                    let target = ROOMS.iter().find(|r| r.name == *name).unwrap();
                    assert!(target.floor < room.floor, "{} -> {name}", room.name);
                }
            }
        }
    }

    #[test]
    fn words_are_found_in_code_only() {
        let text = "// static in prose\nfn f(x: &'static str) {} // static\nstatic X: u8 = 0;\n#[cfg(test)]\nstatic Y: u8 = 0;";
        let found: Vec<_> = code(text).filter(|(_, line)| says(line, "static ")).map(|(n, _)| n).collect();
        assert_eq!(found, [3]);
        assert!(says("use std::thread;", "std::thread"));
        assert!(!says("use my_std::thread;", "std::thread"));
    }
}
