"""Masks and index arrays on both sides of the assignment."""

import numpy as np

a = np.arange(12.0).reshape(3, 4)
b = np.arange(12).reshape(3, 4).copy()
m = a % 3 == 0
print(a[m], a[a > 100], b[b % 2 == 1], a[m].shape, a[m].sum(), (a[m] * 2)[1:])
large = a[a > 5.5]
a[a > 5.5] = -large
print(a, large)
a[m] = np.arange(4.0) + 0.5
a[~m] += 1
a[m] *= b[m]
a[a < 0] = 0
print(a, m)
b[b > 5] -= 3
b[b < 3] **= 2
b[b == 4] = [40, 41, 42]
b[b >= 40] = 7.9
print(b, b.dtype)
rows = np.array([True, False, True])
print(a[rows], a[rows, 1], a[rows][:, 2], a[:, a[0] > 2])
a[rows] = 0.25
a[rows, 1:3] += [[1.0, 2.0], [3.0, 4.0]]
print(a)
i = np.array([2, 0, -1])
print(a[i], a[i, i], a[:, i], a[i, 1:], b[[0, 2]], b[[0, 2], [1, 3]], a[i[:, np.newaxis], [0, 1]], b[[]].shape)
v = np.zeros(5)
v[[1, 1, 3]] += 1
v[i] = [10.0, 20.0, 30.0]
print(v, v[[0]], v[:3][i % 2 == 0])
t = np.linspace(0.0, 1.0, 9)
for step in range(4):
    t[1:-1][t[1:-1] > 0.3] *= 0.75
    t[t > t.mean()] -= 0.01 * t[t > t.mean()]
print(t)
print(np.sum(t[t > 0.2]), t[t > 0.2].max(), len(t[t > 0.2]))
np.save("a.npy", a)
np.save("t.npy", t[t > 0.2])
