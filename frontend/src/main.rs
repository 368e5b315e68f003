//! The web client.
fn main() {}
