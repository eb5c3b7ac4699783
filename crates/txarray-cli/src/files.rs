//! Files a run reads and writes.
//!
//! **Promise** a file appears under its name whole or not at all: it is written beside its target under a temporary
//! name, synced, and renamed over it. Relative names are saved under `--out`; a file this run has saved is read back
//! from there, any other relative name is read from the current folder, as under CPython.

use crate::{
    fault::{Fault, Kind, Result},
    source::plain,
};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Component, Path, PathBuf},
};

/// Where relative names lead.
#[derive(Debug)]
pub(crate) struct Files {
    out: PathBuf,
    saved: HashSet<PathBuf>,
}

impl Files {
    /// Saves relative names under `out`, which is made if it is missing. Whether files can be made in it is tried at
    /// once: a long run should not end with what it cannot save.
    ///
    /// # Errors
    /// The folder cannot be made, or no file in it.
    pub(crate) fn new(out: Option<&Path>) -> Result<Self> {
        let out = out.unwrap_or(Path::new("")).to_owned();
        if !out.as_os_str().is_empty() {
            let fault = |what, error: &io::Error| {
                Fault::new(Kind::Output, format!("cannot {what} {}: {}", out.display(), plain(error)))
            };
            fs::create_dir_all(&out).map_err(|error| fault("make the output folder", &error))?;
            tempfile::tempfile_in(&out).map_err(|error| fault("write to the output folder", &error))?;
        }
        Ok(Self { out, saved: HashSet::new() })
    }

    /// The file to read for a name in the script.
    pub(crate) fn to_read(&self, name: &str) -> PathBuf {
        let saved = self.out.join(name);
        if self.saved.contains(&saved) { saved } else { PathBuf::from(name) }
    }

    /// Writes the file for a name in the script.
    ///
    /// # Errors
    /// [`Kind::Output`]; the file is then as it was before.
    pub(crate) fn write(
        &mut self,
        name: &Path,
        content: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.out.join(name);
        write_whole(&path, content)?;
        self.saved.insert(path);
        Ok(())
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`Kind::Output`], naming the file.
pub(crate) fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<()> {
    replace(path, content).map_err(|error| cannot_write(path, &error))
}

/// Whether a file can be expected to be written under this name: there is a folder for it, and no folder by its name.
///
/// # Errors
/// [`Kind::Output`], in the words of [`write_whole`].
pub(crate) fn check_target(path: &Path) -> Result<()> {
    // The dot asks of a file what a folder would answer: that it is none.
    let checked = fs::metadata(folder(path).join(".")).and_then(|_| check_regular(path));
    checked.map_err(|error| cannot_write(path, &error))
}

/// Whether two names, of files that may not be there yet, lead to one file.
pub(crate) fn same_file(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| {
        path.canonicalize()
            .or_else(|_| {
                Ok::<_, io::Error>(folder(path).canonicalize()?.join(path.file_name().unwrap_or_default()))
            })
            .unwrap_or_else(|_| path.to_owned())
    };
    resolved(one) == resolved(other)
}

fn cannot_write(path: &Path, error: &io::Error) -> Fault {
    Fault::new(Kind::Output, format!("cannot write {}: {}", path.display(), plain(error)))
}

/// The folder that holds the file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn check_regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(existing) if existing.is_dir() => Err(io::Error::other("it is a folder")),
        Ok(existing) if !existing.is_file() => Err(io::Error::other("it is not a regular file")),
        _ => Ok(()),
    }
}

fn replace(path: &Path, content: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    // Through a symbolic link the file it names is replaced, not the link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    check_regular(path)?;
    let folder = folder(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    builder.prefix(&prefix).suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As if created by open(2): the umask applies.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    content(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself reaches the disk with the folder; not every file system can sync one.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// A path from the root, without `.` and `..`, as `os.path.abspath` writes it.
pub(crate) fn absolute(path: &str) -> String {
    let whole = std::env::current_dir().unwrap_or_default().join(path);
    let mut out = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write_whole(&path, |out| out.write_all(b"old")).unwrap();
        let fault = write_whole(&path, |out| {
            out.write_all(b"new")?;
            Err(io::Error::other("disk on fire"))
        })
        .unwrap_err();
        assert_eq!((fault.kind(), fs::read(&path).unwrap()), (Kind::Output, b"old".to_vec()));
        assert!(fault.message().ends_with("a.npy: disk on fire"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn devices_and_folders_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let fault = write_whole(folder.path(), |_| Ok(())).unwrap_err();
        assert!(fault.message().ends_with("it is a folder"));
        #[cfg(unix)]
        {
            let fault = write_whole(Path::new("/dev/null"), |_| Ok(())).unwrap_err();
            assert!(fault.message().ends_with("it is not a regular file"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_whole(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
