//! The web client: what people see of the appliance in a browser.
//!
//! It talks to the REST API only, keeps no data of its own, and draws every view in four states: empty, waiting,
//! failing, full. Words come from `locales/`; colours and measures from `style/`.

mod api_client;
mod app;
mod browser;
mod camera;
mod components;
mod format;
mod i18n;
mod pages;
mod router;
mod session;
mod state;

fn main() {
    leptos::mount::mount_to_body(app::app);
}
