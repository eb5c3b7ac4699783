//! Software transactional memory: opaque multi-version transactions over one-word TVars.
