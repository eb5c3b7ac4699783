"""The functions suite's rival in Python: `functions.py numpy`.

Reads jobs `FUNCTION RANGE TYPE N TIMES` from standard input, one a line, and answers each with the seconds it took. FUNCTION is a
ufunc's name, or trig (sin(a)**2 + cos(b)**2) or gauss (exp(-(x - m)**2 / (2 s**2))). Results go into given arrays; arguments are
drawn from the same ranges as ours.
"""

import sys
import time

import numpy as np

np.seterr(all="ignore")
RANGES = {
    "sin": (-100, 100), "cos": (-100, 100), "tan": (-100, 100), "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-1, 1),
    "exp": (-20, 20), "expm1": (-20, 20), "sinh": (-20, 20), "cosh": (-20, 20), "exp2": (-30, 30), "tanh": (-5, 5),
    "log": (0, 1000), "log2": (0, 1000), "log10": (0, 1000), "sqrt": (0, 1000), "log1p": (-1, 100), "arccosh": (1, 1000),
}
POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "arccosh", "power"}
kept = {}


def draw(name, how, n, second):
    rng = np.random.default_rng(1 + second)
    sign = 1.0 if name in POSITIVE else rng.choice([-1.0, 1.0], n)
    if how == "ordinary" and name == "power":
        return rng.uniform(-10, 10, n) if second else rng.uniform(0, 100, n)
    if how == "ordinary":
        return rng.uniform(*RANGES.get(name, (-100, 100)), n)
    if name == "power" and second:
        return rng.uniform(-1, 1, n)
    if how == "huge":
        return sign * 10.0 ** rng.uniform(10, 300, n)
    return sign * rng.integers(0, 1 << 52, n).view(np.float64)


def job(name, how, kind, n, times):
    key = (name, how, kind, n)
    if key not in kept:
        kept.clear()
        if name in ("trig", "gauss"):
            rng = np.random.default_rng(7)
            kept[key] = [rng.uniform(-10, 10, n), rng.uniform(-10, 10, n), rng.uniform(1, 3, n), np.empty(n), np.empty(n)]
        else:
            dtype = np.float32 if kind == "f32" else np.float64
            kept[key] = [draw(name, how, n, k).astype(dtype) for k in (0, 1)] + [np.empty(n, dtype)]
    arrays = kept[key]
    begin = time.perf_counter()
    if name == "trig":
        a, b, _, u, v = arrays
        for _ in range(times):
            np.sin(a, out=u)
            np.square(u, out=u)
            np.cos(b, out=v)
            np.square(v, out=v)
            np.add(u, v, out=u)
    elif name == "gauss":
        x, m, s, u, v = arrays
        for _ in range(times):
            np.subtract(x, m, out=u)
            np.square(u, out=u)
            np.negative(u, out=u)
            np.square(s, out=v)
            np.multiply(v, 2.0, out=v)
            np.divide(u, v, out=u)
            np.exp(u, out=u)
    else:
        f = getattr(np, name)
        sources, out = arrays[: f.nin], arrays[2]
        for _ in range(times):
            f(*sources, out=out)
    return time.perf_counter() - begin


print("ready", flush=True)
for line in sys.stdin:
    name, how, kind, n, times = line.split()
    print(job(name, how, kind, int(n), int(times)), flush=True)
