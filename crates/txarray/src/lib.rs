//! NumPy-style array programs that run as transactions on all your cores.
