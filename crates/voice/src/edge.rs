//! What faces the internet: UDP, TCP and TLS listeners, framing, limits, flows. Only sound messages go on to the stack.
