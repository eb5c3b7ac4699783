"""Python's own numbers: arithmetic, comparisons, truth, text."""

print(7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3, 2 ** 10, 2 ** -1, 7 / 2, 6 / 3)
print(7.5 // 2, -7.5 // 2, 7.5 % -2, -7.5 % 2, 0.1 + 0.2, 1e16, 1e15, 1e-4, 1e-5, -0.0, 1e300 * 1e10)
print(1.0, 100.0, 1 / 3, 2 / 3, 1e22, 123456789.123456789, 5e-324, 1.7976931348623157e308)
print(True + True, True * 3, -True, ~5, 6 & 3, 6 | 3, 6 ^ 3, not 0, not "", True & False)
print(1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 1 != 2, "a" < "b", "abc" < "abd", (1, 2) < (1, 3), [1] == [1.0])
print(0 and 5, 3 and 5, 0 or 5, 3 or 5, None or "x", 1 if 2 > 1 else 3)
print(None is None, 1 is not None, 3 in [1, 2, 3], 4 not in (1, 2), "b" in "abc", 5 in range(0, 10, 5))
print(abs(-3), abs(-2.5), min(3, 1, 2), max([1, 5, 2]), sum([1, 2, 3]), sum((0.5, 0.25)), sum(range(101)))
print(int(3.9), int(-3.9), int("42"), float("1e3"), float(2), bool([]), bool("0"), str(1.5), int(True))
print(round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1234.5678, -2), round(15, -1), round(25, -1))
print(len("abc"), len([1, 2]), len(()), len(range(10, 0, -3)), list(range(5)), tuple("ab"))
print(max(1, 2.5), min(2, 2.0), 10 ** 15, 9223372036854775807, -9223372036854775807 - 1)
print(0.1 * 3, 1e100, 1.5e-10, 12345678901234567.0, 0.00012345)
print(3 * "ab", "x" + "y", [1, 2] + [3], [0] * 3, (1,) * 2, (1,), ())
x = 5
x += 2
x *= 3
x -= 1
x //= 3
x **= 2
x %= 7
x /= 2
print(x)
a = b = [1]
b.append(2)
print(a, a is b)
(p, q), r = (1, 2), 3
p, q = q, p
print(p, q, r)
n = 0
while True:
    n += 1
    if n == 3:
        continue
    if n > 5:
        break
else:
    print("never")
print(n)
for i in range(3):
    pass
else:
    print("the loop ended by itself", i)
for i, (s, t) in enumerate(zip("abc", [1, 2, 3, 4]), 1):
    print(i, s, t, end="; ")
print()
print("a", 1, None, 2.5, sep="-", end="!\n")
