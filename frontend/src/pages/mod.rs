//! One page a file; each answers one question.

pub(crate) mod appraisal;
pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod calibration;
pub(crate) mod campaigns;
pub(crate) mod case;
pub(crate) mod certificate;
pub(crate) mod cohort;
pub(crate) mod copies;
pub(crate) mod deletions;
pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod desk;
pub(crate) mod dossier;
pub(crate) mod find;
pub(crate) mod ground;
pub(crate) mod imports;
pub(crate) mod item;
pub(crate) mod ledger;
pub(crate) mod review;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod slips;
pub(crate) mod supervision;
pub(crate) mod today;
pub(crate) mod uses;
