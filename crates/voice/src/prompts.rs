//! What the voice says: prompts by language, encoded once.
