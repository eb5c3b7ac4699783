"""Writes the expected results under tests/fixtures with NumPy. Run where NumPy 2 is present:

    python3 -m venv target/venv && target/venv/bin/pip install numpy
    target/venv/bin/python crates/array-core/tests/generate.py

Floats are written as the hexadecimal of their bits, so nothing is lost; NaN as `nan`.
"""
import pathlib
import struct
import warnings

import numpy as np

warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).parent / "fixtures"
NAMES = {
    "bool": "b", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
    "uint32": "u32", "uint64": "u64", "float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128",
}


def word(x):
    if isinstance(x, (complex, np.complexfloating)):
        x = np.asarray(x)
        return word(x.real[()]) + "," + word(x.imag[()])
    if isinstance(x, np.float32):
        return "nan" if x != x else "%x" % struct.unpack("<I", struct.pack("<f", x))[0]
    if isinstance(x, (float, np.floating)):
        return "nan" if x != x else "%x" % struct.unpack("<Q", struct.pack("<d", x))[0]
    return str(int(x))


def words(a):
    return " ".join(word(x) for x in np.asarray(a).ravel())


# --- values: every function, every pair of types, awkward elements -------------------------------------------------------------

INF, NAN = np.inf, np.nan
INPUTS = {"b": np.array([False, True])}
for bits in [8, 16, 32, 64]:
    top = 2 ** (bits - 1)
    INPUTS[f"i{bits}"] = np.array([0, 1, -1, 3, -7, top // 2, -top, top - 1], f"int{bits}")
    INPUTS[f"u{bits}"] = np.array([0, 1, 5, 2**53 + 1 if bits == 64 else 7, top, 2 * top - 1], f"uint{bits}")
INPUTS["f64"] = np.array([0.0, -0.0, 1.0, -1.5, 2.5, INF, -INF, NAN, 5e-324, 1.7e308, -3.0])
INPUTS["f32"] = np.array([0.0, -0.0, 1.0, -1.5, 2.5, INF, -INF, NAN, 1e-45, 3.4e38, -3.0], np.float32)
PARTS = [(0.0, 0.0), (-0.0, -0.0), (1.0, 0.0), (-1.5, 2.0), (3.0, -4.0), (2.5, NAN), (INF, 1.0), (0.5, 1e30)]
INPUTS["c64"] = np.array([complex(*p) for p in PARTS], np.complex64)
INPUTS["c128"] = np.array([complex(*p) for p in PARTS], np.complex128)
ORDER = ["b", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "c64", "c128"]
# As float32: infinite, the greatest, halfway to even, a subnormal, zero.
BEYOND_SINGLE = [1e39, -3.4028235677973362e38, 3.4028235677973362e38, 1.00000005960464484, 1e-40, -1e-46]
BINARY = """add subtract multiply divide floor_divide remainder fmod power minimum maximum fmin fmax hypot equal not_equal less
less_equal greater greater_equal bitwise_and bitwise_or bitwise_xor left_shift right_shift logical_and logical_or
logical_xor""".split()
UNARY = """negative absolute sqrt square invert sign floor ceil trunc rint isnan isinf isfinite signbit conjugate real imag
logical_not""".split()
WEAK = [True, 0, 2, 3, -2, 255, 0.5, 2.0, -1.0, 2.5, 2j, -1.5 + 1j]


def short(name):
    """The elements that meet elements of other types: few, for there are many pairs."""
    return INPUTS[name][-3:] if name[0] in "biu" else INPUTS[name][2:5]


def result(f):
    try:
        out = np.asarray(f())
    except (TypeError, ValueError, OverflowError):
        return "error"
    name = NAMES.get(out.dtype.name)
    # float16 is no element type: float32 stands for it, as documented.
    return None if name is None else f"{name} {words(out)}"


def values():
    lines = [
        "# function, operand types (or a Python scalar), result type, results in C order of an outer product",
        "# of all elements of one type, or the last (floats: third to fifth) three of two types",
    ]
    for name in BINARY:
        f = getattr(np, name)
        for a in ORDER:
            for b in ORDER:
                x, y = (INPUTS[a], INPUTS[b]) if a == b else (short(a), short(b))
                out = result(lambda: f(x[:, None], y[None, :]))
                if out:
                    lines.append(f"{name} {a} {b} = {out}")
            for scalar in WEAK:
                text = repr(scalar)
                for order, g in [("right", lambda: f(short(a), scalar)), ("left", lambda: f(scalar, short(a)))]:
                    out = result(g)
                    if out:
                        lines.append(f"{name} {a} {order}:{text} = {out}")
    for name in UNARY:
        for a in ORDER:
            out = result(lambda: getattr(np, name)(INPUTS[a]))
            if out:
                lines.append(f"{name} {a} - = {out}")
    for a in ORDER:
        out = result(lambda: np.reciprocal(INPUTS[a][INPUTS[a] != 0]))
        lines.append(f"reciprocal {a} - = {out}")
        for b in ORDER:
            with_range = INPUTS[a]
            if a[0] in "fc" and b[0] in "iu":
                # Out-of-range conversions are undefined in C; see the crate's own rule.
                signed = [-1.5, -127.9, -0.9] if b[0] == "i" else []
                with_range = np.array([0.0, -0.0, 1.0, 2.5, 127.9, 1e-30] + signed, INPUTS[a].dtype)
            elif a == "f64":
                with_range = np.append(with_range, BEYOND_SINGLE)
            lines.append(f"astype:{b} {a} - = {result(lambda: with_range.astype(INPUTS[b].dtype))}")
            cond = np.array([True, False, True])[:, None, None]
            out = result(lambda: np.where(cond, short(a)[None, :, None], short(b)[None, None, :]))
            lines.append(f"where {a} {b} = {out}")
    for name in ["sum", "max", "min", "mean"]:
        for a in ORDER:
            data = INPUTS[a]
            out = result(lambda: getattr(np, name)(data))
            lines.append(f"reduce:{name} {a} - = {out}")
            if name in ("sum", "mean"):
                lines.append(f"reduce:{name}:empty {a} - = {result(lambda: getattr(np, name)(data[:0]))}")
    (OUT / "values.txt").write_text("\n".join(lines) + "\n")


# --- shapes: every function, every type, operands of every kind of shape and layout -----------------------------------------

# Rounded by the C library or by contraction, so not to the bit; values.txt has these with a tolerance.
ROUGH = {"f": {"power", "hypot"}, "c": {"power", "multiply", "square", "divide", "sqrt", "reciprocal", "sign", "absolute"}}
# Of equal zeros NumPy's choice depends on the machine.
EITHER_ZERO = {"minimum", "maximum", "fmin", "fmax", "clip"}
# Of two operands of one type: a choice by whether they differ, and limits below and above.
THREE = {
    "where": lambda x, y: np.where(np.not_equal(x, y), x, y),
    "clip": lambda x, y: np.clip(x, y, np.flip(y)),
}
# Operands are cut from two long runs of the inputs.
FORMS = {
    "0-d": lambda a, b: (a[2], b[2]),
    "empty": lambda a, b: (a[:0].reshape(0, 3), b[:0].reshape(0, 3)),
    "one": lambda a, b: (a[5:6], b[5:6]),
    "row": lambda a, b: (a[:67], b[:67]),
    "steps": lambda a, b: (a.reshape(5, 27)[::2, 1::2], b.reshape(5, 27)[::2, ::2][:, :13]),
    "back": lambda a, b: (a[:67][::-1], b[68:135]),
    "outer": lambda a, b: (a[:13, None], b[None, :11]),
    "stretch": lambda a, b: (np.broadcast_to(a[3], (4, 9)), b[:9]),
    "turned": lambda a, b: (a[:72].reshape(9, 8).T, b[:72].reshape(8, 9)),
}


def digest(text):
    """FNV-1a, 32 bits."""
    h = 0x811C9DC5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return "%08x" % h


def runs(name):
    """135 elements each: the inputs in two orders."""
    i, values = np.arange(135), INPUTS[name]
    return values[(i * 5 + 2) % len(values)], values[(i * 7 + i // 3 + 1) % len(values)]


def shapes():
    lines = ["# function, type, result type, digests of the results' words by form: " + " ".join(FORMS)]
    for name in UNARY + ["reciprocal"] + BINARY + list(THREE):
        f = THREE.get(name) or getattr(np, name)
        for kind in ORDER:
            if name in ROUGH.get(kind[0], ()) or (name == "reciprocal" and kind[0] in "bi"):
                continue  # one by zero as an integer is undefined
            if name == "power" and kind[0] == "i":
                continue  # negative exponents are refused: values.txt
            a, b = runs(kind)
            if name == "reciprocal" and kind[0] == "u":
                a = np.maximum(a, 1)
            digests, dtype = [], None
            for form in FORMS.values():
                x, y = form(a, b)
                try:
                    out = np.asarray(f(x) if name in UNARY + ["reciprocal"] else f(x, y))
                except TypeError:
                    break
                dtype = NAMES.get(out.dtype.name)
                text = words(np.where(out == 0, out.dtype.type(0), out) if name in EITHER_ZERO else out)
                digests.append(digest(f"{','.join(map(str, out.shape))}: {text}"))
            if not digests:
                lines.append(f"{name} {kind} = error")
            elif dtype:
                lines.append(f"{name} {kind} = {dtype} {' '.join(digests)}")
    (OUT / "shapes.txt").write_text("\n".join(lines) + "\n")


# --- out: results over what another array holds ------------------------------------------------------------------------------


SMALL = {"b": [1, 0, 1], "i": [-3, 2, 5], "u": [1, 2, 5], "f": [1.0, -1.5, 2.5], "c": [1, -1.5 + 2j, 3 - 4j]}


def outs():
    lines = [
        "# function, operand type, type of out, form, mask (as bits, - without) = results in out's order, or error",
        "# forms: plain; rows: out has two rows, the mask is a column; back: out and operands are read backwards",
        "# reduce:function, type, type of out, axis, mask, initial = results, or error",
    ]
    turn = 0

    def attempt(f, out):
        try:
            f()
            return words(out)
        except (TypeError, ValueError):
            return "error"

    for name in UNARY + BINARY:
        f = getattr(np, name)
        for a in ORDER:
            for k in range(4):
                turn += 1
                if name in ("real", "imag"):
                    continue  # no ufuncs in NumPy
                if name in ("sqrt", "rint", "hypot") and a in ("b", "i8", "u8"):
                    continue  # float16, which is no element type
                x = np.array(SMALL[a[0]], INPUTS[a].dtype)
                if name.endswith("shift"):
                    x = np.abs(x)
                to = ORDER[(turn * 5 + k) % len(ORDER)]
                form = ["plain", "plain", "rows", "back"][turn % 4]
                mask = [None, [1, 0, 1], [0, 0, 0], [0, 1, 1], [1, 1, 1]][turn % 5]
                operands = [x] if name in UNARY else [x, x[::-1]]
                if name == "power" and a[0] == "i":
                    operands[1], mask = np.array([-1, 2, 3], x.dtype), [[0, 1, 1], [1, 1, 0]][turn % 2]
                n = len(x)
                base = (np.arange(n) + 7).astype(INPUTS[to].dtype)
                options = {}
                if form == "rows":
                    base = np.stack([base, base + base.dtype.type(True)])
                    if mask is not None:
                        options["where"] = np.array(mask[:2], bool)[:, None]
                elif mask is not None:
                    options["where"] = np.array(mask[:n], bool)
                if form == "back":
                    base = base[::-1]
                    operands = [o[::-1] for o in operands]
                out = attempt(lambda: f(*operands, out=base, **options), base)
                bits = "-" if mask is None else "".join(map(str, mask[:n]))
                lines.append(f"{name} {a} {to} {form} {bits} = {out}")
    for name in "sum prod max min mean var std any all".split():
        for a in ORDER:
            for k in range(8):
                turn += 1
                to = ORDER[(turn * 5 + k) % len(ORDER)]
                axis = [0, 1, None][turn % 3]
                x = np.array([[1, 0, 3], [2, 4, 1]]).astype(INPUTS[a].dtype)
                mask = [None, 0b101101, 0b100100, 0b111111][turn % 4]
                options = {}
                if mask is not None:
                    options["where"] = np.array([mask >> i & 1 for i in range(6)], bool).reshape(2, 3)
                initial = 2 if name in ("sum", "prod", "max", "min") and turn % 2 else None
                if initial:
                    options["initial"] = initial
                base = np.full(x.sum(axis=axis).shape, 1).astype(INPUTS[to].dtype)
                out = attempt(lambda: getattr(np, name)(x, axis=axis, out=base, **options), base)
                lines.append(
                    f"reduce:{name} {a} {to} {'-' if axis is None else axis} {'-' if mask is None else mask} {initial or '-'} = {out}"
                )
    (OUT / "out.txt").write_text("\n".join(lines) + "\n")


# --- sums: the same bits as np.sum --------------------------------------------------------------------------------------------


def stream(n):
    """Awkward to sum: magnitudes from 1e-6 to 1e6, both signs. The test makes the same numbers."""
    i = np.arange(n, dtype=np.uint64)
    bits = (i * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)) ^ (i << np.uint64(17))
    bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    unit = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53 - 0.5
    scale = np.array([1e-6, 1e-3, 1.0, 1e3, 1e6])[(i % np.uint64(5)).astype(np.int64)]
    return unit * scale


def sums():
    lengths = list(range(0, 300)) + [511, 512, 513, 1000, 1023, 1024, 1025, 1032, 2047, 2048, 4095, 5000, 8191, 8192, 8193]
    lengths += [10_000, 65_536, 65_537, 99_999, 123_456, 262_144, 500_000, 777_777, 1_000_000]
    lines = ["# type, length, bits of np.sum, bits of np.mean"]
    for n in lengths:
        a = stream(n)
        lines.append(f"f64 {n} {word(a.sum())} {word(a.mean())}")
    for n in [0, 1, 3, 7, 8, 15, 16, 63, 64, 65, 71, 72, 127, 128, 129, 136, 200, 257, 1000, 1025, 4099, 65_537, 300_001]:
        a = stream(n)
        single, pair = a.astype(np.float32), a + 1j * stream(n + 7)[7:]
        lines.append(f"f32 {n} {word(single.sum())} {word(single.mean())}")
        lines.append(f"c128 {n} {word(pair.sum())} {word(pair.mean())}")
        pair = pair.astype(np.complex64)
        lines.append(f"c64 {n} {word(pair.sum())} {word(pair.mean())}")
    lines.append(f"neg-zeros 2 {word(np.array([-0.0, -0.0]).sum())} -")
    (OUT / "sums.txt").write_text("\n".join(lines) + "\n")


# --- axes: reductions and scans along axes, of views of all kinds -----------------------------------------------------------


# Elements of INPUTS: signed zeros; infinities; what overflows when it is added; all of them, and NaN.
SPECIAL = {
    "f": {"zeros": [0, 1], "negative": [1], "above": [2, 5, 4], "both": [5, 3, 6, 0], "huge": [9, 2, 9, 10], "nan": list(range(11))},
    "c": {"zeros": [0, 1], "above": [2, 6, 4], "huge": [7, 2, 3], "nan": list(range(8))},
    "i": {"zeros": [0], "ends": [5, 6, 7, 4]},
    "u": {"zeros": [0], "ends": [4, 5, 2]},
    "b": {"zeros": [0], "ends": [1]},
}


def data(dtype, shape, special=None):
    """The test makes the same: `stream` for what has a fraction, small numbers of both signs for integers."""
    n = int(np.prod(shape))
    kind = np.dtype(dtype).kind
    if special:
        values = INPUTS[NAMES[np.dtype(dtype).name]][special]
        flat = values[(np.arange(n) * 7 + np.arange(n) // 5) % len(values)]
    elif kind == "f":
        flat = stream(n).astype(dtype)
    elif kind == "c":
        flat = (stream(n) + 1j * stream(n + 7)[7:]).astype(dtype)
    else:
        flat = (np.arange(n) * 37 % 101 - 50).astype(dtype)
    return flat.reshape(shape)


SHAPES = [
    ((3, 4, 5), [0, 1, 2, (0, 2), (1, 2), (0, 1), -1, None]),
    ((2, 300), [1, 0]),
    ((150, 3), [0, 1, None]),
    ((4, 1, 7), [1, (0, 1), 2]),
    ((0, 3), [0, 1]),
    ((3, 0), [0, 1]),
    ((1,), [0]),
    ((), [None]),
    ((3, 1100), [1, None]),
    ((40, 50), [0]),
    ((2, 3, 2, 3), [(0, 2), (1, 3), (0, 1, 3)]),
]
VIEWS = {
    "c": lambda a: a,
    "t": lambda a: a.T,
    "r": lambda a: a[(slice(None, None, -1),) * a.ndim],
    "s": lambda a: a[(slice(None, None, 2),) * a.ndim],
    "b": lambda a: np.broadcast_to(a, (2,) + a.shape),
}


def axes():
    lines = ["# operation, type, shape, view, axes, options = result type, shape, results"]
    operations = "sum prod max min mean var std any all count_nonzero argmax argmin cumsum cumprod".split()
    cases = [(shape, axis) for shape, all in SHAPES for axis in all]
    turn = 0

    def add(name, kind, shape, view, axis, **options):
        # Of contiguous data: what we promise for every view.
        special = SPECIAL[np.dtype(kind).kind].get(options.get("special"))
        seen = VIEWS[view](data(kind, shape, special))
        a = np.ascontiguousarray(seen).reshape(seen.shape)
        given = " ".join(f"{k}={v.__name__ if isinstance(v, type) else v}" for k, v in options.items()) or "-"
        options.pop("special", None)
        if options.pop("where", False):
            options["where"] = (np.arange(a.size) % 3 != 0).reshape(a.shape)
        text = "-" if axis is None else ",".join(map(str, axis if isinstance(axis, tuple) else (axis,)))
        try:
            out = np.asarray(getattr(np, name)(a, axis=axis, **options))
        except (TypeError, ValueError):
            out = None
        shape_text = ",".join(map(str, shape)) or "-"
        head = f"{name} {NAMES[np.dtype(kind).name]} {shape_text} {view} {text} {given} ="
        if out is None:
            lines.append(f"{head} error")
        elif out.size <= 700 and out.dtype.name in NAMES:
            lines.append(f"{head} {NAMES[out.dtype.name]} {','.join(map(str, out.shape)) or '-'} {words(out)}".rstrip())

    for name in operations:
        for dtype in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split():
            chosen = cases if dtype == "float64" else [cases[(turn + 5 * k) % len(cases)] for k in range(4)]
            turn += 1
            for i, (shape, axis) in enumerate(chosen):
                if name[:3] in ("arg", "cum") and isinstance(axis, tuple):
                    axis = axis[-1]
                if name[:3] == "cum" and np.prod(shape) > 500:
                    continue
                add(name, dtype, shape, "c" if i % 2 == 0 else "trsb"[(turn + i) % 4], axis)
    for name in operations[:12]:
        for dtype in [np.float64, np.int8, np.float32]:
            for shape, axis in [((3, 4, 5), (0, 2)), ((2, 300), 1), ((4, 1, 7), None), ((3, 4, 5), -2)]:
                # Positions of several axes are an error in both.
                add(name, dtype, shape, "c", axis, keepdims=True)
                start = {"initial": 3} if name in ("sum", "prod", "max", "min") else {}
                # Filtered counts are ours alone.
                if name != "count_nonzero":
                    add(name, dtype, shape, "c", axis, where=True, **start)
                if start:
                    add(name, dtype, shape, "c", axis, initial=3)
    for dtype in [np.int8, np.float32, np.float64, np.complex64]:
        add("sum", np.int16, (40, 50), "c", 0, dtype=dtype)
        add("mean", np.int16, (40, 50), "c", 0, dtype=dtype)
    # Distances and their squares keep the precision of the elements; only sums are of the type asked for.
    for dtype in [np.float32, np.float64]:
        for kind in [np.int16, np.int64, np.float32, np.float64]:
            for view in "ct":
                for axis in [None, 0]:
                    for name in ["mean", "var", "std"]:
                        add(name, kind, (40, 50), view, axis, dtype=dtype)
    # NaN, infinities, signed zeros and overflow, of every function and type.
    for dtype in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split():
        for special in SPECIAL[np.dtype(dtype).kind]:
            for turn, name in enumerate(operations):
                scan = name.startswith(("cum", "arg"))
                for view, axis in [("c", None if not scan else 0), ("ctrsb"[turn % 5], 1), ("trsbc"[turn % 5], 0)]:
                    add(name, dtype, (5, 13), view, axis, special=special)
    for dtype in [np.int16, np.float32, np.float64, np.complex64]:
        for name in ["prod", "cumsum", "cumprod"]:
            for asked in [np.int64, np.float64, np.complex128]:
                add(name, dtype, (3, 4), "c", 1, dtype=asked)
    for ddof in [0, 1, 200]:
        add("var", np.float64, (150, 3), "c", 0, ddof=ddof)
        add("std", np.float32, (2, 300), "c", 1, ddof=ddof)
    add("var", np.float64, (40, 50), "c", 1, where=True)
    add("max", np.float64, (0, 3), "c", 0, initial=3)
    (OUT / "axes.txt").write_text("\n".join(lines) + "\n")


# --- select: full indices on both sides of = -----------------------------------------------------------------------------------


def index_item(rng, length):
    """An item for an axis, and its text."""
    kind = rng.choice(["slice", "slice", "int", "array", "array"])
    if kind == "slice":
        bounds = [None if rng.random() < 0.4 else int(rng.integers(-length - 2, length + 3)) for _ in range(2)]
        step = rng.choice([None, 1, 2, -1, -2])
        step = None if step is None else int(step)
        words = ["" if b is None else str(b) for b in [*bounds, step]]
        return slice(*bounds, step), "s" + ":".join(words)
    beyond = int(rng.random() < 0.03)
    if kind == "int":
        i = int(rng.integers(-length - beyond, length + beyond)) if length + beyond else 0
        return i, f"i{i}"
    shape = [(3,), (3,), (1,), (2, 3), (), (0,), (2, 1)][rng.integers(7)]
    high = length + beyond
    a = rng.integers(-high, high, size=shape) if high else np.zeros(shape, int)
    a = a.astype(rng.choice([np.int64, np.int8]))
    return a, f"a{','.join(map(str, shape)) or '-'}|{','.join(map(str, a.ravel())) or '-'}"


def mask_item(rng, shape, off):
    shape = tuple(n + off for n in shape)
    m = rng.random(shape) < 0.5
    return m, f"m{','.join(map(str, shape)) or '-'}|{','.join(str(int(b)) for b in m.ravel()) or '-'}"


def random_index(rng, shape):
    items, texts, axis = [], [], 0
    ellipsis = False
    while axis < len(shape) and rng.random() < 0.85:
        dice = rng.random()
        if dice < 0.08 and not ellipsis:
            items.append(Ellipsis)
            texts.append("e")
            ellipsis = True
            axis += int(rng.integers(0, 2))
        elif dice < 0.16:
            items.append(None)
            texts.append("n")
        elif dice < 0.26:
            k = int(rng.integers(1, len(shape) - axis + 1))
            item, text = mask_item(rng, shape[axis : axis + k], int(rng.random() < 0.03))
            items.append(item)
            texts.append(text)
            axis += k
        else:
            item, text = index_item(rng, shape[axis])
            items.append(item)
            texts.append(text)
            axis += 1
    return items, texts


def select():
    rng = np.random.default_rng(7)
    lines = ["# shape, items; then what a[items] is, and the sum over i of (i + 1) * element i after a[items] = 100 + arange and add.at"]
    for _ in range(900):
        shape = tuple(int(n) for n in rng.integers(1, 6, size=rng.integers(1, 5)))
        if rng.random() < 0.06:
            shape = shape[:-1] + (0,)
        items, texts = random_index(rng, shape)
        if not items:
            continue
        a = np.arange(int(np.prod(shape))).reshape(shape)
        head = f"{','.join(map(str, shape))} {' '.join(texts)} ="
        try:
            got = a[tuple(items)]
        except IndexError:
            lines.append(f"{head} error")
            continue
        value = 100 + np.arange(got.size).reshape(got.shape)
        b, c = a.copy(), a.copy()
        b[tuple(items)] = value
        np.add.at(c, tuple(items), value)
        weight = np.arange(a.size).reshape(shape) + 1
        lines.append(f"{head} {','.join(map(str, got.shape)) or '-'} {(b * weight).sum()} {(c * weight).sum()} {words(got)}".rstrip())
    (OUT / "select.txt").write_text("\n".join(lines) + "\n")


# --- changes: what is set, done at positions, put and taken, of every type and layout ---------------------------------------


def numbers(kind, shape, step):
    """The test makes the same: small numbers of both signs, of floats with a fraction."""
    flat = np.arange(int(np.prod(shape))) * step % 23 - 3
    if np.dtype(kind).kind in "fc":
        flat = flat / 3
    return flat.astype(kind).reshape(shape)


def changes():
    rng = np.random.default_rng(11)
    kinds = "int64 uint8 float32 float64 complex128 bool int16 uint64 int8 int32 uint16 uint32 complex64".split()
    functions = (
        "add subtract multiply maximum minimum divide negative square sqrt floor_divide remainder fmod power fmin fmax "
        "bitwise_and bitwise_or bitwise_xor left_shift right_shift less absolute invert sign conjugate floor trunc rint "
        "isnan isfinite signbit reciprocal"
    ).split()
    lines = ["# what is done, type, shape and view of the array; type and shape of what goes in, then the index = digest, or error"]
    while len(lines) < 2400:
        shape = tuple(int(n) for n in rng.integers(1, 5, size=rng.integers(0, 4)))
        kind, other = str(rng.choice(kinds)), str(rng.choice(kinds))
        if rng.random() < 0.5:
            other = kind
        view = str(rng.choice(list(VIEWS)))
        a = np.array(VIEWS[view](numbers(kind, shape, 7)))
        what = str(rng.choice(["set", "set", "put", "take", *functions]))
        if what in ("put", "take"):
            item, text = index_item(rng, a.size)
            if not isinstance(item, np.ndarray):
                continue
            items, texts, wanted = item, [text], [(1,), (2,), (2, 2), (5,)][rng.integers(4)]
        else:
            items, texts = random_index(rng, a.shape)
            items = tuple(items)
            try:
                wanted = a[items].shape
            except IndexError:
                wanted = (3,)
            # Axes that are stretched, and axes that are left out.
            wanted = tuple(1 if rng.random() < 0.25 else n for n in wanted)[int(rng.integers(len(wanted) + 1)) // 2 :]
        if what == "power" and any(np.dtype(k).kind in "fc" for k in (kind, other)):
            # Up to one unit in the last place off.
            continue
        value = numbers(other, wanted, 5)
        head = f"{what} {NAMES[kind]} {','.join(map(str, shape)) or '-'} {view} {NAMES[other]} {','.join(map(str, wanted)) or '-'}"
        try:
            if what == "take":
                out = np.take(a, items)
            elif what == "put":
                out = a
                np.put(out, items, value)
            elif what == "set":
                out = a
                out[items] = value
            else:
                out, f = a, getattr(np, what)
                f.at(out, items, *[value] * (f.nin - 1))
            out = digest(f"{','.join(map(str, out.shape))}: {words(out)}")
        except (IndexError, ValueError, TypeError):
            out = "error"
        lines.append(f"{' '.join([head, *texts])} = {out}")
    (OUT / "changes.txt").write_text("\n".join(lines) + "\n")


# --- text: what print shows --------------------------------------------------------------------------------------------------


def display():
    rng = np.random.default_rng(1)
    cases = []

    def add(a):
        cases.append(np.asarray(a))

    nan, inf = np.nan, np.inf
    for v in [0.0, -0.0, 1.0, 0.1, 1 / 3, 1e16, 1e15, 123456789.0, 1e-4, 9.9e-5, 1e-5, 5e-324, 1.7976931348623157e308, nan, inf, -inf, 2.5e-7, 1e22, 1e100]:
        add(np.float64(v).reshape(()))
        add([v])
        add([v, 1.0])
        add([v, -2.5, 1000.0])
    for v in [True, False, 3, -12]:
        add(v)
    add(np.array(7, np.uint8))
    add(np.array(2**64 - 1, np.uint64))
    add([])
    add(np.zeros((0, 3)))
    add(np.zeros((2, 0), np.int64))
    add([True, False])
    add([True, True])
    add([[True], [False]])
    add(np.array([1, 200], np.uint8))
    add([1, -20, 300])
    add(np.arange(24).reshape(2, 3, 4))
    add(np.arange(24.0).reshape(2, 3, 2, 2) / 7)
    add([1e8, 1.0])
    add([99999999.0, 1e6])
    add([1e-4, 0.1])
    add([1e-4, 0.11])
    add([1.0, 1000.0])
    add([1.0, 1000.1])
    add([0.001953125, 0.5])
    add([0.00048828125 * 3, 1.0])
    add([0.123456785, 0.123456775, 0.5])
    add([0.99999999999, 0.5])
    add([nan, 1.5, inf, -inf])
    add([nan, nan])
    add([inf, -1.0])
    add([nan, 1e-10, -1e10])
    add([-0.0, 0.0, 1e-300])
    add([1e-300, 1e300, -1e-300])
    add(np.linspace(0, 1, 50))
    add(np.linspace(-1, 1, 40).reshape(4, 10))
    add(np.arange(1000))
    add(np.arange(1001))
    add(np.arange(2000).reshape(40, 50))
    add(np.arange(4096.0).reshape(16, 16, 16) * 0.37)
    add(np.arange(1200).reshape(300, 4))
    add(np.arange(1200).reshape(4, 300))
    add(np.arange(7 * 200).reshape(7, 200) % 2 == 0)
    add(np.arange(1200.0).reshape(2, 2, 300) * 1e6)
    for v in [0.1, 1 / 3, 16777216.0, 1e16, 1e15, 1e-4, 1e-5, 1e-45, 3.4e38, 123456.789, nan, inf, -0.0]:
        add(np.float32(v).reshape(()))
        add(np.array([v, 1.0, -2.5], np.float32))
    add(np.linspace(-1, 1, 40, dtype=np.float32).reshape(4, 10))
    add(np.array([0.012345679, 0.5], np.float32))
    add(np.array([-128, 127], np.int8))
    add(np.array([[-32768], [7]], np.int16))
    add(np.array([2**31 - 1, -5], np.int32))
    add(np.array([65535, 5], np.uint16))
    add(np.array([2**32 - 1], np.uint32))
    for parts in [np.float32, np.float64]:
        whole = np.complex64 if parts == np.float32 else np.complex128
        for v in [1 + 2j, 2j, -0.0 + 0j, complex(-0.0, 2), 1.5 - 0.1j, complex(nan, inf), 1e20 + 1e-7j, complex(1, -0.0), complex(0, -3)]:
            add(np.array(v, whole))
            add(np.array([v, 1.0, -2.5j], whole))
        add(np.array([[1 + 2j, 3.25 - 1j], [complex(nan, 1), complex(1, -inf)]], whole))
        add(np.array([1e10 + 1e-10j, 1 - 1j], whole))
        add((np.arange(12) * (0.1 + 0.37j)).astype(whole).reshape(3, 4))
        add(np.array([], whole))
        add(rng.normal(size=6).astype(parts) + 1j * rng.normal(size=6).astype(parts))
    for n in [1, 2, 3, 7, 20]:
        add((rng.random(n) - 0.5).astype(np.float32))
        add(np.exp(rng.normal(size=n) * 9).astype(np.float32))
        for scale in [1.0, 1e-3, 1e3, 1e7, 1e9, 1e-9]:
            add((rng.random(n) - 0.5) * scale)
            add(np.round((rng.random(n) - 0.5) * scale, 3))
        add(np.exp(rng.normal(size=n) * 20))
        add(np.exp(rng.normal(size=n) * 3))
        add(rng.integers(-(10**n % 10**18), 10**n % 10**18 + 1, size=(n, 3)))
        add(np.where(rng.random((n, 4)) < 0.3, nan, rng.normal(size=(n, 4))))
        add(np.where(rng.random((n, 4)) < 0.3, -inf, rng.normal(size=(n, 4)) * 100))
        add(rng.random((n, n)) < 0.5)
    with (OUT / "display.txt").open("w") as f:
        f.write("# type, shape, elements; then the text, each line after a '|'\n")
        for a in cases:
            shape = ",".join(map(str, a.shape)) or "-"
            ramp = a.size > 450
            if ramp and a.dtype == np.float64:
                step = a.ravel()[1] - a.ravel()[0]
                assert np.array_equal(np.arange(a.size) * step, a.ravel())
                elements = f"ramp {word(step)}"
            elif ramp and a.dtype == np.int64:
                assert np.array_equal(np.arange(a.size), a.ravel())
                elements = "ramp 1"
            elif ramp:
                elements = "even"
            else:
                elements = "list " + words(a)
            f.write(f"{NAMES[a.dtype.name]} {shape} {elements}\n")
            for line in str(a).split("\n"):
                f.write(f"|{line}\n")


# --- .npy: files as NumPy writes them ----------------------------------------------------------------------------------------


def npy():
    np.save(OUT / "c_order.npy", np.arange(12.0).reshape(3, 4))
    np.save(OUT / "fortran.npy", np.asfortranarray(np.arange(12).reshape(3, 4)))
    np.save(OUT / "big_endian.npy", np.arange(5).astype(">f8"))
    np.save(OUT / "bool.npy", np.array([[True, False, True]]))
    np.save(OUT / "scalar.npy", np.array(2**64 - 1, np.uint64))
    np.save(OUT / "empty.npy", np.zeros((0, 3), np.uint8))
    np.save(OUT / "float32.npy", np.array([0.5, -1.5, 3.25], np.float32))
    np.save(OUT / "int16_big.npy", np.array([1, -2, 300], ">i2"))
    np.save(OUT / "complex64.npy", np.array([1 + 2j, -0.5j], np.complex64))
    np.save(OUT / "complex_big.npy", np.array([1 + 2j, -0.5j], ">c16"))
    np.save(OUT / "float16.npy", np.zeros(3, np.float16))
    with (OUT / "version2.npy").open("wb") as f:
        np.lib.format.write_array(f, np.arange(6.0).reshape(2, 3), version=(2, 0))
    with (OUT / "version3.npy").open("wb") as f:
        np.lib.format.write_array(f, np.arange(3, dtype=">i8"), version=(3, 0))


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    values()
    shapes()
    outs()
    sums()
    axes()
    select()
    changes()
    display()
    npy()
