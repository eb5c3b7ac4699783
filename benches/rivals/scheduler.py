"""The scheduler suite's rivals in Python: `scheduler.py numpy|numba|jax|dask`.

Reads jobs from standard input, one a line, and answers each with the seconds it took, or "-1" where it has no such job:

    laplace N SWEEPS        double-buffered five-point sweeps, an error norm every 15
    numericK N SWEEPS       the five NumPy forms of the same relaxation (K from 1 to 5)
    column N TIMES          u[:, 0] = c
    program N TIMES         the 40 expressions
"""

import sys
import time

import numpy as np

DX2 = DY2 = 0.01
SCALE = 0.5 / (DX2 + DY2)
KIND = sys.argv[1]
plates = {}


def plate(n):
    if n not in plates:
        u = np.full((n, n), 0.5)  # zeros would be subnormal numbers after some hundred sweeps
        u[0] = 1.0
        plates[n] = [u, u.copy()]
    return plates[n]


def interior(src):
    return ((src[0:-2, 1:-1] + src[2:, 1:-1]) * DY2 + (src[1:-1, 0:-2] + src[1:-1, 2:]) * DX2) * SCALE


def borders(u, src):
    u[0] = src[0]
    u[-1] = src[-1]
    u[:, 0] = src[:, 0]
    u[:, -1] = src[:, -1]


def numeric(form, n, sweeps):
    u, old = plate(n)
    begin = time.perf_counter()
    for _ in range(sweeps):
        if form == 1:
            u[1:-1, 1:-1] = interior(u)
        elif form == 2:
            src = u
            u = src.copy()
            u[1:-1, 1:-1] = interior(src)
        elif form == 3:
            src = u
            u = np.zeros((n, n))
            borders(u, src)
            u[1:-1, 1:-1] = interior(src)
        elif form == 4:
            old[:, :] = u
            u[1:-1, 1:-1] = interior(old)
        else:
            u, old = old, u
            borders(u, old)
            u[1:-1, 1:-1] = interior(old)
    return time.perf_counter() - begin


def laplace_numpy(n, sweeps):
    u, v = plate(n)
    begin = time.perf_counter()
    for k in range(1, sweeps + 1):
        v[1:-1, 1:-1] = interior(u)
        u, v = v, u
        if k % 15 == 0:
            np.abs(u - v).max()
    return time.perf_counter() - begin


def column(n, times):
    u, _ = plate(n)
    begin = time.perf_counter()
    for k in range(times):
        u[:, 0] = k
    return time.perf_counter() - begin


def inputs(n):
    j = np.arange(n)
    return [0.1 + ((j * (i + 7)) % 1000) / 500.0 for i in range(3)]


def expression(xp, k, x, y, z):
    c = 0.5 + k * 0.01
    kind = k % 5
    if kind == 0:
        return ((x * c + y) * x + z) * x + c
    if kind == 1:
        return (xp.sqrt(xp.abs(y * y - 4.0 * x * z)) - y) / (z + c)
    if kind == 2:
        return x / (1.0 + y * y) + y / (1.0 + x * x) * c
    if kind == 3:
        return xp.where(x < y, x * y * c, x - z)
    return xp.sqrt(x * x + y * y) * c + z


def whole_program(one, x, y, z):
    results = []
    for k in range(40):
        results.append(one(k, results[k - 4] if k % 5 == 4 else x, y, z))
    return results


def timed(f, times):
    f()
    begin = time.perf_counter()
    for _ in range(times):
        f()
    return time.perf_counter() - begin


def make():
    jobs = {}
    if KIND == "numpy":
        jobs["laplace"] = laplace_numpy
        jobs["column"] = column
        for form in range(1, 6):
            jobs[f"numeric{form}"] = lambda n, sweeps, form=form: numeric(form, n, sweeps)

        def program(n, times):
            x, y, z = inputs(n)
            return timed(lambda: whole_program(lambda k, *a: expression(np, k, *a), x, y, z), times)

        jobs["program"] = program
    elif KIND == "numba":
        import numba

        @numba.njit(parallel=True)
        def sweep(v, u):
            n = u.shape[0]
            for i in numba.prange(1, n - 1):
                for j in range(1, n - 1):
                    v[i, j] = ((u[i - 1, j] + u[i + 1, j]) * DY2 + (u[i, j - 1] + u[i, j + 1]) * DX2) * SCALE

        @numba.njit(parallel=True)
        def change(u, v):
            most = 0.0
            for i in numba.prange(u.shape[0]):
                row = 0.0
                for j in range(u.shape[1]):
                    row = max(row, abs(u[i, j] - v[i, j]))
                most = max(most, row)
            return most

        def laplace(n, sweeps):
            u, v = plate(n)
            sweep(v, u), change(u, v)
            begin = time.perf_counter()
            for k in range(1, sweeps + 1):
                sweep(v, u)
                u, v = v, u
                if k % 15 == 0:
                    change(u, v)
            return time.perf_counter() - begin

        fast = {
            kind: numba.njit(parallel=True)(
                {
                    0: lambda c, x, y, z: ((x * c + y) * x + z) * x + c,
                    1: lambda c, x, y, z: (np.sqrt(np.abs(y * y - 4.0 * x * z)) - y) / (z + c),
                    2: lambda c, x, y, z: x / (1.0 + y * y) + y / (1.0 + x * x) * c,
                    3: lambda c, x, y, z: np.where(x < y, x * y * c, x - z),
                    4: lambda c, x, y, z: np.sqrt(x * x + y * y) * c + z,
                }[kind]
            )
            for kind in range(5)
        }

        def program(n, times):
            x, y, z = inputs(n)
            one = lambda k, *a: fast[k % 5](0.5 + k * 0.01, *a)
            return timed(lambda: whole_program(one, x, y, z), times)

        jobs["laplace"], jobs["program"] = laplace, program
    elif KIND == "jax":
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)

        @jax.jit
        def sweep(u):
            return u.at[1:-1, 1:-1].set(interior(u))

        @jax.jit
        def change(u, v):
            return jnp.abs(u - v).max()

        def laplace(n, sweeps):
            u = jnp.asarray(plate(n)[0])
            change(sweep(u), u).block_until_ready()
            begin = time.perf_counter()
            for k in range(1, sweeps + 1):
                old, u = u, sweep(u)
                if k % 15 == 0:
                    float(change(u, old))
            u.block_until_ready()
            return time.perf_counter() - begin

        every = jax.jit(lambda x, y, z: whole_program(lambda k, *a: expression(jnp, k, *a), x, y, z))

        def program(n, times):
            x, y, z = map(jnp.asarray, inputs(n))
            return timed(lambda: jax.block_until_ready(every(x, y, z)), times)

        jobs["laplace"], jobs["program"] = laplace, program
    elif KIND == "dask":
        import dask
        import dask.array as da

        threads = int(sys.argv[2])

        def program(n, times):
            x, y, z = (da.from_array(a, chunks=n) for a in inputs(n))
            every = whole_program(lambda k, *a: expression(da, k, *a), x, y, z)
            scheduler = {"scheduler": "threads", "num_workers": threads} if threads > 1 else {"scheduler": "sync"}
            return timed(lambda: dask.compute(*every, **scheduler), times)

        jobs["program"] = program
    return jobs


jobs = make()
print("ready", flush=True)
for line in sys.stdin:
    name, n, times = line.split()
    seconds = jobs[name](int(n), int(times)) if name in jobs else -1
    print(f"{seconds:.9f}", flush=True)
