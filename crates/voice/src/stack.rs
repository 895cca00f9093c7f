//! Requests, calls and dialogs as the rest of the crate sees them. The only room that knows rsipstack.
