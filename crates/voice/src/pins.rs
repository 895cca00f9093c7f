//! PINs keyed in: loaded, decided by the domain, kept.
