//! The same file under CPython with NumPy and here: the same text, the same arrays to the last bit.

mod common;

use common::{cpython, ended, numpy, repository, same_arrays, txarray};
use std::{path::Path, process::Command};

/// Runs a script in both, and here at one thread and at several.
fn compare(script: &Path, arrays: usize, relative: f64) {
    let Some(python) = numpy() else { return };
    let theirs = tempfile::tempdir().unwrap();
    let expected = cpython(&python, script, theirs.path());
    assert_eq!(expected.code, 0, "{}", expected.stderr);
    let mut alone: Option<tempfile::TempDir> = None;
    for threads in ["1", "2", "3", "8"] {
        let ours = tempfile::tempdir().unwrap();
        let run = txarray(ours.path()).args(["run", "-q", "--threads", threads]).arg(script).output();
        let run = ended(run.unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(run.stdout, expected.stdout, "{threads} threads");
        assert_eq!(same_arrays(ours.path(), theirs.path(), relative), arrays);
        // Between thread counts nothing may differ, whatever NumPy's last bit is.
        match &alone {
            None => alone = Some(ours),
            Some(alone) => {
                assert_eq!(same_arrays(ours.path(), alone.path(), 0.0), arrays, "{threads} threads")
            }
        }
    }
}

macro_rules! scripts {
    ($($name:ident $arrays:literal,)*) => { $(#[test]
        fn $name() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(concat!("tests/scripts/", stringify!($name), ".py"));
            compare(&script, $arrays, 0.0);
        })* };
}

scripts! {
    scalars 0,
    strings 0,
    functions 0,
    arrays 5,
    views 2,
    lazy 0,
    star 0,
    masks 2,
    axes 2,
}

#[test]
fn the_plate_of_the_first_example_is_numpys() {
    // A smaller plate: the tests run without optimisation.
    let text = std::fs::read_to_string(repository().join("examples/laplace.py")).unwrap();
    let small = text.replace("\nn = 1000\n", "\nn = 300\n");
    assert_ne!(small, text);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("laplace.py");
    std::fs::write(&script, small).unwrap();
    compare(&script, 1, 0.0);
}

#[test]
fn the_edges_of_the_second_example_are_numpys_and_so_is_the_picture() {
    let script = repository().join("examples/edges.py");
    // Our hypot is the same on every machine, and so not always the last bit of NumPy's.
    compare(&script, 1, 1e-12);
    let Some(python) = numpy() else { return };
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(ended(txarray(ours.path()).args(["run", "-q"]).arg(&script).output().unwrap()).code, 0);
    assert_eq!(cpython(&python, &script, theirs.path()).code, 0);
    let (a, b) = (pixels(&ours.path().join("edges.png")), pixels(&theirs.path().join("edges.png")));
    assert_eq!((a.0, a.1), (512, 512));
    assert!(a == b, "the pixels differ");
    assert!(a.2.iter().any(|&grey| grey > 200) && a.2.contains(&0));
}

#[test]
fn the_other_order_gives_the_same_plate() {
    compare_plates(&["--order", "breadth"], &["--order", "depth"]);
}

fn compare_plates(first: &[&str], second: &[&str]) {
    let script = repository().join("examples/laplace.py");
    let plate = |args: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let run =
            txarray(folder.path()).args(["run", "-q", "--set", "n=200"]).args(args).arg(&script).output();
        let run = ended(run.unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
        (run.stdout, std::fs::read(folder.path().join("plate.npy")).unwrap())
    };
    assert!(plate(first) == plate(second));
}

#[test]
fn pictures_of_every_dtype_have_the_pixels_of_the_python_module() {
    let Some(python) = numpy() else { return };
    let script = "import numpy as np\nfrom txpictures import save_png\n\
        t = np.linspace(-0.25, 1.25, 91)\nt[5] = np.nan\nt[6] = 0.5 / 255\nt[7] = 1.5 / 255\n\
        u = np.zeros((7, 13))\nfor i in range(7):\n    u[i] = t[i * 13:(i + 1) * 13]\n\
        save_png('f.png', u)\nsave_png('b.png', u > 0.5)\nsave_png('u.png', (u * 255)[1:, ::2].astype(np.uint8))\n";
    // Casting what is out of range to uint8 is undefined in C: keep the bytes in range.
    let script = script.replace("(u * 255)[1:, ::2]", "np.clip(u * 255, 0, 255)[2:, ::2]");
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&ours, &theirs] {
        std::fs::write(folder.path().join("p.py"), &script).unwrap();
    }
    let run = ended(txarray(ours.path()).args(["run", "-q", "p.py"]).output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let mut command = Command::new(python);
    command.env("PYTHONPATH", repository().join("examples")).env("PYTHONDONTWRITEBYTECODE", "1");
    let run = ended(command.arg("p.py").current_dir(theirs.path()).output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for name in ["f.png", "b.png", "u.png"] {
        assert!(pixels(&ours.path().join(name)) == pixels(&theirs.path().join(name)), "{name}");
    }
}

/// Width, height and grey values of an 8-bit grey PNG.
fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    assert_eq!(
        (reader.info().color_type, reader.info().bit_depth),
        (png::ColorType::Grayscale, png::BitDepth::Eight)
    );
    let mut greys = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut greys).unwrap();
    greys.truncate(info.buffer_size());
    (info.width, info.height, greys)
}
