//! Plain calls of a scenario.
