//! Small files to begin with, written by our own writers and by hand, sound ones and odd ones.

mod bags;
mod conversation;
mod images;
mod ledgers;
mod pdf;
mod tables;
mod zips;

#[expect(dead_code, reason = "the world of the handshake's own tests, of which a part is enough here")]
#[path = "../../../../archive/handshake/tests/deletion/world.rs"]
pub(crate) mod world;

pub(crate) use bags::{bags, inventories, signatures, tapes};
pub(crate) use conversation::{certificates, journals, messages};
pub(crate) use images::{jpeg, photos, scans};
pub(crate) use ledgers::ledgers;
pub(crate) use tables::{captures, tables, workbooks};
pub(crate) use zips::zips;

pub use bags::header;
pub use pdf::{nested, object_stream, pdf};

type Seeds = Vec<(String, Vec<u8>)>;

fn named(name: &str, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.into())
}
