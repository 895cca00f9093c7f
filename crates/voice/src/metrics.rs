//! Counters of the telephone face.
