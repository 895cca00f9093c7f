//! Who speaks: the digest of a claim's throw-away account, proved by arithmetic.
