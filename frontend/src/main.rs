//! The web client: what people see of the appliance in a browser.
//!
//! It talks to the REST API only, keeps no data of its own, and draws every view in four states: empty, waiting,
//! failing, full. Words come from `locales/`; colours and measures from `style/`.
//!
//! # What it weighs
//!
//! Everything here is downloaded before the first page is seen, so its size is looked after. What was found to weigh
//! most, and what was done about it:
//!
//! - A type for each piece of markup, with code of its own to build, patch and drop it: two thirds of the whole. Pages
//!   make [`view::View`]s instead, one type for all ([`markup`]); signals are leptos's.
//! - The check of certificates: signatures and the whole handshake. A module of its own (`frontend/checker`), fetched
//!   when a certificate is opened.
//! - The words of both languages. Tables beside the client, of which one is fetched ([`i18n`]).
//! - How serde reads every type from every kind of input, and words each fault. [`json`] reads the one kind there is.
//! - Generic machinery compiled anew for each answer's type: [`components::loader`], [`components::attempt`] and
//!   [`api_client`] know the type only at their edges.
//! - jiff's zones and the sentences of its errors, and the writing of fractions. In the browser `api` has two small
//!   types for times, and the browser writes the fractions ([`format`]).
//!
//! What is left is, in this order: the pages themselves, reading the API's types, leptos's signals. To see it anew, list
//! the functions of `target/wasm32-unknown-unknown/wasm/frontend.wasm` by size: that file keeps their names.

mod api_client;
mod app;
mod browser;
mod camera;
mod checked;
mod components;
mod format;
mod i18n;
mod json;
mod live;
mod pages;
mod prelude;
mod router;
mod session;
mod state;
mod view;

fn main() {
    // A fault of the client's own is told where whoever looks for it looks first.
    std::panic::set_hook(Box::new(|fault| browser::complain(&fault.to_string())));
    browser::spawn_local(async {
        let there = i18n::load(state::state().language_now()).await;
        browser::take_down_the_curtain();
        view::mount(if there { app::app } else { app::without_words });
    });
}
