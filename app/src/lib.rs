//! xuecang.
