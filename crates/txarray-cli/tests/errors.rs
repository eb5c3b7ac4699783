//! A wrong script says what and where: one line, the source line, a caret; exit 1 for a computation that failed, 2 for
//! what is refused before the run; and no file that was not finished.

mod common;

use common::{files, run, txarray};
use std::fs;

/// Runs `text`; its last printed line, exit code and message are as given, nothing else is written.
#[track_caller]
fn fails(text: &str, code: i32, message: &str) {
    let (folder, ended) = run(text, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (code, format!("{message}\n").as_str()), "{text}");
    assert_eq!(files(folder.path()), ["script.py"], "{text}");
}

#[test]
fn shapes_that_do_not_fit() {
    fails(
        "import numpy as np\na = np.ones((3, 4))\nb = np.ones((4, 3))\nif True:\n    c = a + b\n",
        1,
        "script.py:5:9: shapes (3, 4) and (4, 3) do not broadcast: axis 1 has lengths 4 and 3\n    c = a + b\n        ^^^^^",
    );
    fails(
        "import numpy as np\na = np.zeros((2, 3))\na[:, 1:] = np.ones(3)\n",
        1,
        "script.py:3:1: shape (3,) does not broadcast to (2, 2)\na[:, 1:] = np.ones(3)\n^^^^^^^^",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn arrays_larger_than_the_machine() {
    for line in ["b = np.zeros((10**8, 10**6))", "b = np.zeros((10**8, 1)) + np.zeros((1, 10**6))"] {
        let (_, ended) = run(&format!("import numpy as np\n{line}\nprint(b[0, 0])\n"), &[]);
        assert_eq!(ended.code, 1);
        let mut lines = ended.stderr.lines();
        let first = lines.next().unwrap();
        let expected = "script.py:2:1: an array of shape (100000000, 1000000) takes 800.0 TB, more than the ";
        assert!(first.starts_with(expected), "{first}");
        assert_eq!(lines.next(), Some(line));
    }
}

#[test]
fn indices_out_of_range() {
    fails(
        "import numpy as np\na = np.zeros(3)\nprint(a[5])\n",
        1,
        "script.py:3:7: index 5 is out of bounds for axis 0 with length 3\nprint(a[5])\n      ^^^^",
    );
    fails(
        "t = [1, 2]\nt[2] = 0\n",
        1,
        "script.py:2:1: index 2 is out of range: the list has 2 items\nt[2] = 0\n^^^^",
    );
    fails(
        "import numpy as np\na = np.zeros(3)\na[0, 0] = 1\n",
        1,
        "script.py:3:1: too many indices: the array has 1 dimensions, but 2 were indexed\na[0, 0] = 1\n^^^^^^^",
    );
}

#[test]
fn masks_and_positions_that_do_not_fit() {
    fails(
        "import numpy as np\na = np.arange(6.0)\na[a > 2.5] = [1.0, 2.0]\n",
        1,
        "script.py:3:1: 2 values cannot go into the 3 elements where the mask is true\na[a > 2.5] = [1.0, 2.0]\n^^^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.arange(6.0)\nm = a[:5] > 2\nb = a[m]\n",
        1,
        "script.py:4:5: the mask has length 5 where axis 0 of the array has length 6\nb = a[m]\n    ^^^^",
    );
    fails(
        "import numpy as np\na = np.arange(6)\na[a > 2] += 0.5\n",
        1,
        "script.py:3:1: cannot store the float64 result of += in a int64 array; use a = a + b for a new array\na[a > 2] += 0.5\n^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.arange(6)\nb = a[[1, 6]]\n",
        1,
        "script.py:3:1: index 6 is out of bounds for axis 0 with length 6\nb = a[[1, 6]]\n^^^^^^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.arange(6)\nb = a[np.array([0.5])]\n",
        1,
        "script.py:3:5: indexing is not supported for float64: positions are integers, masks are bool\nb = a[np.array([0.5])]\n    ^^^^^^^^^^^^^^^^^^",
    );
}

#[test]
fn axes_that_are_not_there() {
    fails(
        "import numpy as np\na = np.ones((2, 3))\nprint(a.sum(axis=2))\n",
        1,
        "script.py:3:7: axis 2 is out of bounds for an array of 2 dimensions\nprint(a.sum(axis=2))\n      ^^^^^^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.ones((2, 3))\nprint(np.max(a, axis=(0, -2)))\n",
        1,
        "script.py:3:7: axis 0 is named twice\nprint(np.max(a, axis=(0, -2)))\n      ^^^^^^^^^^^^^^^^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.zeros((0, 3))\nb = a.max(axis=0)\n",
        1,
        "script.py:3:5: zero-size array to reduction operation maximum which has no identity\nb = a.max(axis=0)\n    ^^^^^^^^^^^^^",
    );
    fails(
        "import numpy as np\nprint(np.ones(3).sum(axis=0, dtype=int))\n",
        2,
        "script.py:2:30: the argument 'dtype' of sum() is not supported\nprint(np.ones(3).sum(axis=0, dtype=int))\n                             ^^^^^^^^^",
    );
}

#[test]
fn names_nobody_defined() {
    fails(
        "steps = 3\nprint(step)\n",
        2,
        "script.py:2:7: the name 'step' is not defined anywhere in this file; did you mean 'steps'?\nprint(step)\n      ^^^^",
    );
    fails(
        "if False:\n    x = 1\nprint(x)\n",
        1,
        "script.py:3:7: the name 'x' is not defined\nprint(x)\n      ^",
    );
    fails(
        "def f():\n    y = y + 1\nf()\n",
        1,
        "script.py:2:9: the local variable 'y' has no value yet\n    y = y + 1\n        ^",
    );
}

#[test]
fn functions_numpy_has_and_we_do_not() {
    fails(
        "import numpy as np\nprint('never')\nx = np.linspcae(0, 1, 5)\n",
        2,
        "script.py:3:5: numpy.linspcae is not supported; did you mean 'linspace'?\nx = np.linspcae(0, 1, 5)\n    ^^^^^^^^^^^",
    );
    fails(
        "import numpy as np\nx = np.zeros(3, order='F')\n",
        2,
        "script.py:2:17: the argument 'order' of np.zeros() is not supported\nx = np.zeros(3, order='F')\n                ^^^^^^^^^",
    );
    fails(
        "import numpy as np\nx = np.zeros(3).repeat()\n",
        2,
        "script.py:2:17: the attribute .repeat is not supported\nx = np.zeros(3).repeat()\n                ^^^^^^",
    );
    fails(
        "import scipy\n",
        2,
        "script.py:1:8: the module 'scipy' is not supported; a script may import numpy, math, os, os.path, txpictures\n\
         import scipy\n       ^^^^^",
    );
    fails(
        "print(sorted([2, 1]))\n",
        2,
        "script.py:1:7: the built-in 'sorted' is not supported\nprint(sorted([2, 1]))\n      ^^^^^^",
    );
    fails(
        "from numpy import *\nprint(round(2.5))\n",
        2,
        "script.py:2:7: numpy.round, which 'from numpy import *' binds here, is not supported\nprint(round(2.5))\n      ^^^^^",
    );
}

#[test]
fn constructs_outside_the_language_are_refused_before_the_run() {
    let refused = |line: &str, column: usize, what: &str, carets: usize| {
        let message = format!(
            "script.py:2:{column}: {what} not supported\n{line}\n{}{}",
            " ".repeat(column - 1),
            "^".repeat(carets)
        );
        fails(&format!("print('never')\n{line}\n    pass\n"), 2, &message);
    };
    refused("class A:", 1, "class definitions are", 5);
    refused("with open('x') as f:", 1, "the with statement is", 4);
    let inline = |line: &str, column: usize, what: &str, carets: usize| {
        let message = format!(
            "script.py:2:{column}: {what} not supported\n{line}\n{}{}",
            " ".repeat(column - 1),
            "^".repeat(carets)
        );
        fails(&format!("print('never')\n{line}\n"), 2, &message);
    };
    inline("f = lambda x: x", 5, "lambda is", 11);
    inline("d = {1: 2}", 5, "dicts are", 6);
    inline("x = 3j", 5, "complex numbers are", 2);
    inline("a = b = [1] @ [2]", 9, "the matrix product @ is", 9);
    inline("raise ValueError", 1, "the raise statement is", 5);
    inline("x = sum(i for i in [1])", 9, "generator expressions are", 14);
    inline("print(*[1, 2])", 7, "unpacking with * is", 7);
    inline("x = (y := 3)", 6, "an assignment inside an expression (:=) is", 6);
}

#[test]
fn syntax_errors() {
    let (_folder, ended) = run("x = (1,\nprint(x\n", &[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.starts_with("script.py:"), "{}", ended.stderr);
    assert!(ended.stderr.contains(": invalid syntax: "), "{}", ended.stderr);
    fails("return 1\n", 2, "script.py:1:1: 'return' outside a def\nreturn 1\n^^^^^^^^");
    fails("break\n", 2, "script.py:1:1: 'break' outside a loop\nbreak\n^^^^^");
    fails(
        "x = 99999999999999999999\n",
        2,
        "script.py:1:5: this integer does not fit in 64 bits\nx = 99999999999999999999\n    ^^^^^^^^^^^^^^^^^^^^",
    );
}

#[test]
fn nesting_without_end_is_refused_and_never_a_crash() {
    for text in [
        format!("x = {}1\n", "-".repeat(50_000)),
        format!("x = 1{}\n", " + 1".repeat(50_000)),
        format!("x = {}1{}\n", "[".repeat(50_000), "]".repeat(50_000)),
        format!("x = 1{}\n", " if 1 else 1".repeat(20_000)),
        format!("x = a{}\n", "[0]".repeat(50_000)),
        format!("x = a{}\n", ".b".repeat(50_000)),
    ] {
        let (_folder, ended) = run(&text, &[]);
        assert_eq!(ended.code, 2, "{}", &text[..20]);
        assert!(ended.stderr.starts_with("script.py:1:"));
    }
    // Parentheses leave no trace in the tree.
    let (_folder, ended) = run(&format!("x = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000)), &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
}

#[test]
fn recursion_without_end() {
    fails(
        "def f(n):\n    return f(n + 1)\nf(0)\n",
        1,
        "script.py:2:12: maximum recursion depth exceeded: 1000 calls of functions are in progress\n    return f(n + 1)\n           ^^^^^^^^",
    );
    // As deep as an expression may be inside as many calls as there may be.
    let deep = format!(
        "def f(n):\n    return 0 if n == 0 else {}f(n - 1){}\nprint(f(990))\n",
        "(1 + ".repeat(90),
        ")".repeat(90)
    );
    let (_folder, ended) = run(&deep, &[]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "89100\n", ""));
}

#[test]
fn arithmetic_that_has_no_result() {
    fails("x = 1\ny = x / (x - 1)\n", 1, "script.py:2:5: division by zero\ny = x / (x - 1)\n    ^^^^^^^^^^^");
    fails(
        "n = 2\nm = n ** 63\n",
        1,
        "script.py:2:5: integer overflow: 2 ** 63 does not fit in 64 bits\nm = n ** 63\n    ^^^^^^^",
    );
    fails(
        "x = 1 + 'a'\n",
        1,
        "script.py:1:5: unsupported operand types for +: 'int' and 'str'\nx = 1 + 'a'\n    ^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.arange(3)\na += 0.5\n",
        1,
        "script.py:3:1: cannot store the float64 result of += in a int64 array; use a = a + b for a new array\na += 0.5\n^^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.zeros(2, np.uint8)\nb = a + 300\n",
        1,
        "script.py:3:5: Python integer 300 out of bounds for uint8\nb = a + 300\n    ^^^^^^^",
    );
    fails(
        "import numpy as np\na = np.zeros(2)\nif a > 0:\n    pass\n",
        1,
        "script.py:3:4: the truth value of an array with more than one element is ambiguous; use np.any(a) or np.all(a)\n\
         if a > 0:\n   ^^^^^",
    );
}

#[test]
fn calls_that_do_not_fit() {
    let def = "def f(a, b=1):\n    return a\n";
    fails(&format!("{def}f()\n"), 1, "script.py:3:1: f() is missing its argument 'a'\nf()\n^^^");
    fails(
        &format!("{def}f(1, 2, 3)\n"),
        1,
        "script.py:3:1: f() takes 2 arguments, 3 were given\nf(1, 2, 3)\n^^^^^^^^^^",
    );
    fails(&format!("{def}f(1, c=2)\n"), 1, "script.py:3:1: f() has no parameter 'c'\nf(1, c=2)\n^^^^^^^^^");
    fails("len()\n", 2, "script.py:1:1: len() is missing its argument 'obj'\nlen()\n^^^^^");
    fails("x = 3\nx(1)\n", 1, "script.py:2:1: a value of type 'int' cannot be called\nx(1)\n^^^^");
    fails(
        "a, b = 1, 2, 3\n",
        1,
        "script.py:1:1: cannot unpack 3 values into 2 targets\na, b = 1, 2, 3\n^^^^",
    );
    fails(
        "assert 1 > 2, f'one is {1}'\n",
        1,
        "script.py:1:8: assertion failed: one is 1\nassert 1 > 2, f'one is {1}'\n       ^^^^^",
    );
}

#[test]
fn files_that_are_missing_corrupt_or_cut_short() {
    let load = |content: Option<&[u8]>, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("script.py"), "import numpy as np\na = np.load('a.npy')\n").unwrap();
        if let Some(content) = content {
            fs::write(folder.path().join("a.npy"), content).unwrap();
        }
        let ended = common::ended(txarray(folder.path()).args(["run", "-q", "script.py"]).output().unwrap());
        assert_eq!(ended.code, 1);
        let mut lines = ended.stderr.lines();
        let first = lines.next().unwrap();
        assert!(
            first.starts_with("script.py:2:5: cannot load 'a.npy': ") && first.contains(expected),
            "{first}"
        );
        assert!(!first.contains("os error"), "{first}");
        assert_eq!(lines.collect::<Vec<_>>(), ["a = np.load('a.npy')", "    ^^^^^^^^^^^^^^^^"]);
    };
    let mut whole = Vec::new();
    txarray::write_npy(&mut whole, &txarray::Array::arange(0, 100, 1)).unwrap();
    load(None, "No such file");
    load(Some(b"not an array"), "");
    load(Some(&[]), "");
    load(Some(&whole[..whole.len() - 8]), "");
    load(Some(&whole[..40]), "");
}

#[test]
fn a_failure_leaves_what_was_printed_and_no_half_file() {
    let script = "import numpy as np\nprint('first')\na = np.arange(4)\nnp.save('done.npy', a)\nnp.save('missing/b.npy', a)\n";
    let (folder, ended) = run(script, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (74, "first\n"));
    assert_eq!(
        ended.stderr,
        "script.py:5:1: cannot write missing/b.npy: No such file or directory\nnp.save('missing/b.npy', a)\n\
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    );
    assert_eq!(files(folder.path()), ["done.npy", "script.py"]);
}

#[test]
fn a_statement_that_fails_late_is_seen_before_a_later_print() {
    let script = "import numpy as np\nk = np.array([1, -1])\np = 2 ** k\nprint('later')\n";
    let (_folder, ended) = run(script, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(
        ended.stderr.contains("Integers to negative integer powers are not allowed."),
        "{}",
        ended.stderr
    );
}
