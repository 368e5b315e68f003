//! Photos in and out: decoding within limits, turned upright; what a file says about itself; encoding.
//!
//! The bytes come from strangers. Size and pixels are checked before anything is decoded.

mod decode;
mod encode;
mod facts;
mod page;
mod statistics;

pub use decode::{Limits, Photo, decode, decode_for_face};
pub use encode::encode_jpeg;
pub use facts::{Colour, Dpi, Facts, Format, inspect};
pub use page::{PageError, page};
pub(crate) use statistics::{FaceStatistics, face_statistics, inner_face, luma};
