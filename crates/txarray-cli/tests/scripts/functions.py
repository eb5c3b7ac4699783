"""def: defaults, keywords, recursion, globals, early return; comprehensions; asserts."""

count = 0


def fib(n):
    """Fibonacci, the slow way."""
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def scale(x, factor=2, offset=0):
    return x * factor + offset


def tick():
    global count
    count += 1


def nothing():
    pass


def first_even(items):
    for item in items:
        if item % 2 == 0:
            return item
    return None


def shared(item, items=[]):
    items.append(item)
    return items


def swap(a, b):
    a, b = b, a
    return a, b


def typed(n: int, x: float = 1.5) -> float:
    total: float = n * x
    return total


print(fib(18), scale(3), scale(3, 5), scale(3, offset=1), scale(offset=1, x=2, factor=10))
tick()
tick()
print(count, nothing(), first_even([1, 3, 4, 5]), first_even([1]))
print(shared(1), shared(2), swap(1, 2), typed(4))
squares = [i * i for i in range(10) if i % 2]
print(squares, [(i, j) for i in range(3) for j in range(i)], [[r * c for c in range(3)] for r in range(2)])
i = 99
print([i for i in range(3)], i)
assert count == 2, "two ticks"
assert squares
twice = scale
print(twice(4))


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


print(depth(900))
items = [3, 1, 2]
items[0] += 10
items[1:2] = [7, 8]
items.insert(1, 0)
print(items, items.pop(), items.pop(0), items, items[::-1])
del items
if __name__ == "__main__":
    print("main")
