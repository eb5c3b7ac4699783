//! Sessions: array statements run as transactions in program order on all cores.
