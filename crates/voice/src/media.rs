//! RTP: playing prompts, hearing keys, relaying emergency calls; on threads of its own.
