"""Formatting, quoting and indexing of text."""

n, x, name = 42, 3.14159, "plate"
print(f"{n} {x} {name} {n:5d}|{n:<5}|{n:^5}|{n:05}|{n:+}|{n:,}|{1234567:,}|{255:x}|{255:#b}")
print(f"{x:.3f}|{x:10.2f}|{x:<10.2f}|{x:e}|{x:.2e}|{x:g}|{1e-7:g}|{1e10:g}|{0.5:%}|{x:+.1f}|{-x:010.3f}")
print(f"{x:.4}|{100.0:.3}|{1e22:.3}|{1234567.891:,.2f}|{x:8}|{n:.1f}|{True}|{None}|{True:d}")
print(f"{name!r} {name:>8} {name:.2} {name:*^9} {n=} {x = } {x=:.2f}")
width = 12
print(f"[{x:{width}.3f}] [{name:>{width}}] {{literal}} {'nested'} {f'{n}'}")
print("it's", 'say "x"', ["it's", 'q"q', "a\nb", "tab\t", "back\\"], "é", "\u00e9")
print("abc"[0], "abc"[-1], "abcdef"[1:4], "abcdef"[::-2], "abc" * 2)
print("implicit " "join", f"and {n}" " f-strings")
print(str(1e16), str(-0.0), repr("x") if False else "no repr", float("nan"), float("inf"), -float("inf"))
