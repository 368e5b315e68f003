//! Deliveries from the first byte to the receipt, with real files, a real database and, where they are installed, the
//! real models.

mod accept;
mod check;
mod law;
mod receive;
mod school;
