"""The arrays suite's rivals in Python: `arrays.py numpy|numexpr|numba|jax`.

Reads jobs from standard input, one a line, and answers each with the seconds it took, or "-1" where it has no such job:

    OPERATION given|fresh ELEMENTS TIMES

`given` writes into an array that is there already (JAX has none), `fresh` makes a new one each time.
"""

import os
import sys
import time

KIND, THREADS = sys.argv[1], int(sys.argv[2])
os.environ.setdefault("NUMEXPR_MAX_THREADS", str(THREADS))

import numpy as np

SHAPES = {8: (2, 4), 10_000: (100, 100), 1_000_000: (1000, 1000), 30_000_000: (3000, 10_000)}
data = {}


def operands(n):
    if n not in data:
        a = np.linspace(0.5, 1.5, n)
        data[n] = (a, a[::-1].copy(), np.empty(n), a.reshape(SHAPES[n]))
    return data[n]


def numpy_jobs():
    def poly(a, b, out):
        np.multiply(a, 2.0, out=out)
        out += 1.0
        out *= a
        out += 3.0
        out *= a
        out += 4.0
        return out

    return {
        "add": (lambda a, b, out, m: np.add(a, b, out=out), lambda a, b, m: a + b),
        "poly": (lambda a, b, out, m: poly(a, b, out), lambda a, b, m: ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0),
        "quad": (
            lambda a, b, out, m: np.divide(np.sqrt(b * b + 4.0 * a) - b, 2.0 * a, out=out),
            lambda a, b, m: (np.sqrt(b * b + 4.0 * a) - b) / (2.0 * a),
        ),
        "where": (
            lambda a, b, out, m: np.copyto(out, np.where(a > b, a * 2.0, b + 1.0)),
            lambda a, b, m: np.where(a > b, a * 2.0, b + 1.0),
        ),
        "sum": (None, lambda a, b, m: a.sum()),
        "mean0": (None, lambda a, b, m: m.mean(axis=0)),
        "max1": (None, lambda a, b, m: m.max(axis=1)),
        "argmax": (None, lambda a, b, m: b.argmax()),
        "var": (None, lambda a, b, m: a.var()),
        "dot": (None, lambda a, b, m: np.dot(a, b)),
    }


def numexpr_jobs():
    import numexpr as ne

    ne.set_num_threads(THREADS)
    texts = {
        "add": "a + b",
        "poly": "((a * 2.0 + 1.0) * a + 3.0) * a + 4.0",
        "quad": "(sqrt(b * b + 4.0 * a) - b) / (2.0 * a)",
        "where": "where(a > b, a * 2.0, b + 1.0)",
        "sum": "sum(a)",
        "dot": "sum(a * b)",
    }

    def pair(text):
        def given(a, b, out, m):
            return ne.evaluate(text, {"a": a, "b": b}, out=out)

        def fresh(a, b, m):
            return ne.evaluate(text, {"a": a, "b": b})

        return (None if text.startswith("sum") else given, fresh)

    return {name: pair(text) for name, text in texts.items()}


def numba_jobs():
    import numba

    numba.set_num_threads(THREADS)
    jit = numba.njit(parallel=THREADS > 1, fastmath=False)
    each = numba.prange

    @jit
    def add(a, b, out):
        for i in each(a.size):
            out[i] = a[i] + b[i]

    @jit
    def poly(a, b, out):
        for i in each(a.size):
            out[i] = ((a[i] * 2.0 + 1.0) * a[i] + 3.0) * a[i] + 4.0

    @jit
    def quad(a, b, out):
        for i in each(a.size):
            out[i] = (np.sqrt(b[i] * b[i] + 4.0 * a[i]) - b[i]) / (2.0 * a[i])

    @jit
    def where(a, b, out):
        for i in each(a.size):
            out[i] = a[i] * 2.0 if a[i] > b[i] else b[i] + 1.0

    @jit
    def total(a):
        s = 0.0
        for i in each(a.size):
            s += a[i]
        return s

    @jit
    def dot(a, b):
        s = 0.0
        for i in each(a.size):
            s += a[i] * b[i]
        return s

    @jit
    def var(a):
        s = 0.0
        for i in each(a.size):
            s += a[i]
        mean = s / a.size
        q = 0.0
        for i in each(a.size):
            q += (a[i] - mean) * (a[i] - mean)
        return q / a.size

    @jit
    def mean0(m):
        out = np.zeros(m.shape[1])
        for i in each(m.shape[0]):
            out += m[i]
        return out / m.shape[0]

    @jit
    def max1(m):
        out = np.empty(m.shape[0])
        for i in each(m.shape[0]):
            out[i] = m[i].max()
        return out

    @jit
    def argmax(b):
        places = np.empty(THREADS, np.int64)
        for part in each(THREADS):
            first, last = part * b.size // THREADS, (part + 1) * b.size // THREADS
            places[part] = first + b[first:last].argmax()
        best = places[0]
        for place in places:
            if b[place] > b[best]:
                best = place
        return best

    def pair(f):
        def given(a, b, out, m):
            f(a, b, out)

        def fresh(a, b, m):
            out = np.empty_like(a)
            f(a, b, out)
            return out

        return (given, fresh)

    return {
        "add": pair(add),
        "poly": pair(poly),
        "quad": pair(quad),
        "where": pair(where),
        "sum": (None, lambda a, b, m: total(a)),
        "dot": (None, lambda a, b, m: dot(a, b)),
        "var": (None, lambda a, b, m: var(a)),
        "mean0": (None, lambda a, b, m: mean0(m)),
        "max1": (None, lambda a, b, m: max1(m)),
        "argmax": (None, lambda a, b, m: argmax(b)),
    }


def jax_jobs():
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    forms = {
        "add": lambda a, b, m: a + b,
        "poly": lambda a, b, m: ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0,
        "quad": lambda a, b, m: (jnp.sqrt(b * b + 4.0 * a) - b) / (2.0 * a),
        "where": lambda a, b, m: jnp.where(a > b, a * 2.0, b + 1.0),
        "sum": lambda a, b, m: a.sum(),
        "mean0": lambda a, b, m: m.mean(axis=0),
        "max1": lambda a, b, m: m.max(axis=1),
        "argmax": lambda a, b, m: b.argmax(),
        "var": lambda a, b, m: a.var(),
        "dot": lambda a, b, m: jnp.dot(a, b),
    }
    kept = {}

    def fresh(form):
        compiled = jax.jit(form)

        def call(a, b, m):
            key = a.size
            if key not in kept:
                kept[key] = tuple(jnp.asarray(x) for x in (a, b, m))
            return compiled(*kept[key]).block_until_ready()

        return call

    return {name: (None, fresh(form)) for name, form in forms.items()}


JOBS = {"numpy": numpy_jobs, "numexpr": numexpr_jobs, "numba": numba_jobs, "jax": jax_jobs}[KIND]()
print("ready", flush=True)
for line in sys.stdin:
    name, place, n, times = line.split()
    n, times = int(n), int(times)
    given, fresh = JOBS.get(name, (None, None))
    work = given if place == "given" else fresh
    if work is None:
        print(-1, flush=True)
        continue
    a, b, out, m = operands(n)
    arguments = (a, b, out, m) if place == "given" else (a, b, m)
    work(*arguments)
    begin = time.perf_counter()
    for _ in range(times):
        work(*arguments)
    print(time.perf_counter() - begin, flush=True)
