//! Internal package of the txarray workspace.
