//! Telling phones to fetch.
