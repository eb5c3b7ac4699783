//! Transactional arrays and array storage over stm-engine and array-core.
