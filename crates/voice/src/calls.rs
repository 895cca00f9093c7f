//! What is noted of each call; never digits.
