//! Opening, wiring and closing the telephone face.
