//! The call that asks for the PIN.
