"""What is a view and what is a copy; in-place operators; assignment of slices."""

import numpy as np

a = np.zeros((4, 5))
b = a[1:3, 1:-1]
b[...] = 1
a[0] = np.arange(5)
a[:, 0] = -1
a[-1, ::2] = 7
print(a, b)
c = b[::-1, ::2]
c[0] = [10, 20]
print(a, b, c)
row = a[2]
row += 100
d = a.copy()
d[:] = 0
e = a
e[0, 0] = 55
print(a, d.sum(), e is a, row)
a[1:] = a[:-1]
print(a)
a[:, 1:] += a[:, :-1]
print(a)
a *= 2
a -= a[0]
a /= 4
print(a, row)
x = a[1, 1]
a[1, 1] = 1000
print(x, a[1, 1])
n = np.arange(5)
n[n > 2] = 0
n[1] += 5
n[-1] = 3.9
print(n)
n += 1
n *= n
n //= 2
print(n, n[::-1], n[10:], n[1:4][1])
col = n[:, np.newaxis]
table = col * n
print(table, table.shape, n[None, :].shape, table[..., 0], table[1, ...])
v = np.ones(3)
w = v
v = v + 1
print(v, w)
u, v = v, u if False else w
u[0] = 9
print(u, v, w)
z = np.zeros(4, dtype=np.uint8)
z[:] = [1.9, 2.1, 3.5, 255]
print(z)
z.fill(7)
print(z)
k = np.array(3.0)
k += 1
print(k, k.shape, k * 2)


def clear(t):
    t[:] = 0
    t = t + 1
    return t


q = np.arange(3)
print(clear(q), q)
rows = [r for r in np.arange(6).reshape(2, 3)]
rows[0][:] = 5
print(rows, rows[0])
for r in a[:2]:
    r[0] = -5
print(a[:, 0])
for value in np.arange(3):
    print(value, end=" ")
print()
s = 0
for i in range(4):
    s += n[i]
print(s, 3 in n, 16 in n)
np.save("a.npy", a)
np.save("n.npy", n)
