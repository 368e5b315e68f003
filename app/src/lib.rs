//! The server binary of Xuecang: command line, configuration, HTTP. Composition only; what is done is in `service`.

pub mod cli;
pub mod config;
pub mod http;
