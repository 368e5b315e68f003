//! The appliance as the stories see it: the real binary, as a process of its own, in a temporary directory.
//!
//! Nothing here reaches inside: a story speaks HTTP as a browser would, runs the commands and the vendor's agent, looks at
//! the files, and may kill any process at any moment.

mod appliance;
mod browser;
mod captures;
mod certificate;
pub mod files;
mod judge;
pub mod measure;
mod picture;
mod port;
mod power;
mod program;
mod scene;
mod school;
pub mod table;
mod vendor;
mod volume;
mod words;

pub use appliance::Appliance;
pub use browser::{Browser, DESKTOP, PHONE, Page, Thing, axe};
pub use captures::Captures;
pub use certificate::{Diploma as ScannedDiploma, Pen, encoded, pdf, written_pdf};
pub use demo::Client;
pub use demo::files::{archive, workbook};
pub use judge::{Judge, Judgement};
pub use picture::{differences, picture};
pub use power::{Cut, Ended, Moment};
pub use program::{fixture, models, program};
pub use scene::{Coming, Scene, refusal};
pub use school::{Photo, School, Student};
pub use vendor::{Vendor, delivered};
pub use volume::Volume;
pub use words::{LANGUAGES, Words};
