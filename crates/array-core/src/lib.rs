//! Lazily evaluated, fused NumPy-style arrays.
