"""Reductions along axes."""

import numpy as np

a = np.arange(24.0).reshape(2, 3, 4) * 0.7 - 3.1
c = np.array([[3, 1, 2], [6, 5, 4]])
m = c > 2
print(a.sum(axis=0), a.sum(1), a.sum(-1), np.sum(a, axis=(0, 2)), np.sum(a, 2), a.sum(axis=None), a.sum((0, 1, 2)))
print(a.mean(axis=0), np.mean(a, axis=1), c.mean(1), c.mean(axis=(0, 1)))
print(a.max(0), a.min(axis=(1, 2)), np.max(c, axis=1), np.amin(c, 0), np.amax(c, axis=-1))
print(c.prod(0), np.prod(c, axis=1), c.prod(), np.prod(c))
print(m.all(axis=0), m.any(1), np.all(m, axis=1), np.any(m), m.sum(0), np.count_nonzero(m, axis=1), np.count_nonzero(c))
print(c.argmax(), c.argmin(axis=0), np.argmax(a, axis=1), np.argmin(c, 1), a.argmax(-1))
print(c.argmax(keepdims=True), np.argmin(a, axis=1, keepdims=True), a.argmax(0, keepdims=False).shape)
print(c.sum(axis=0, keepdims=True), c.max(keepdims=True), c - c.mean(axis=1, keepdims=True), c.sum(0).dtype)
print(c.var(), c.std(axis=0), np.var(c, axis=1, ddof=1), np.std(c, 0, ddof=0, keepdims=True))
print(c.cumsum(), c.cumsum(axis=0), np.cumsum(c, 1), np.cumprod(c, axis=1), c.cumprod(0))
print(np.sum([[1, 2], [3, 4]], axis=0), np.max([1.5, 0.5], axis=0), c[0].sum(axis=0), c[0].argmax(0))
rows = a.reshape(6, 4) if False else a[0]
rows[1:] = rows[:-1].sum(axis=1, keepdims=True)
print(rows, rows.sum(axis=0)[1], [x for x in rows.max(axis=1)])
print(np.zeros((0, 3)).sum(axis=0), np.zeros((3, 0)).sum(1), np.ones((2, 0)).all(axis=1))
np.save("s.npy", a.sum(axis=1))
np.save("m.npy", np.mean(a, axis=(0, 2), keepdims=True))
