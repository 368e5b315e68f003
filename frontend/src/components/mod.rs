//! The pieces pages are made of, one noun a file.

pub(crate) mod attempt;
pub(crate) mod chart;
pub(crate) mod dialog;
pub(crate) mod diploma;
pub(crate) mod field;
pub(crate) mod figure;
pub(crate) mod frame;
pub(crate) mod guard;
pub(crate) mod hand_check;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod loader;
pub(crate) mod mark;
pub(crate) mod notice;
pub(crate) mod overlay;
pub(crate) mod pager;
pub(crate) mod photo;
pub(crate) mod purpose;
pub(crate) mod register;
pub(crate) mod subject;
pub(crate) mod upload;
pub(crate) mod uses;
