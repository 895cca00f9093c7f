//! Registrations of claims, and the flows over which their phones can be reached.
