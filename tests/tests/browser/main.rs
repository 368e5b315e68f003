//! The stories as a person at a browser lives them: real Chromium, the real appliance, real files, nothing mocked.

mod agent;
mod appearance;
mod cohorts;
mod copies;
mod deliveries;
mod desk;
mod imports;
mod law;
mod look;
mod offices;
mod papers;
mod search;
mod uses;
