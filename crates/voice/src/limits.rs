//! Numeric limits of the telephone face.
