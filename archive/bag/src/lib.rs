//! bag.
