//! Emergency calls: put through to a trunk in every state, with or without a database.
