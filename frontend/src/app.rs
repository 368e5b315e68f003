//! The whole client: signed out, or the frame with the page that the address names.

use crate::prelude::*;

use crate::browser;
use crate::components::{frame, loader, notice};
use crate::i18n::Text;
use crate::pages;
use crate::router::{self, Route, Section};
use crate::session;
use crate::state::{SignedIn, Theme, state};
use crate::t;

/// The root of everything drawn.
pub(crate) fn app() -> AnyView {
    let state = state();
    router::listen();
    follow_theme();
    Effect::new(move |_| browser::mark_root("data-masked", state.masked.get().then_some("yes")));
    Effect::new(move |_| browser::mark_root("lang", Some(state.language.get().tag())));
    spawn_local(session::resume());
    let standing = Memo::new(move |_| match state.signed_in.get() {
        SignedIn::Unknown => None,
        SignedIn::Nobody => Some(None),
        SignedIn::As(session) => Some(Some(session.user.id)),
    });
    (move || match standing.get() {
        None => loader::waiting(),
        Some(None) => pages::sign_in::page(),
        // Only who is signed in draws the frame anew; everything in it follows what it needs by itself.
        Some(Some(_)) => untrack(|| frame::frame(page())),
    })
    .into_any()
}

/// What is shown when the table of words did not come: the one sentence that is not in it.
pub(crate) fn without_words() -> AnyView {
    view! {
        <main class="failed-start">
            <h1>"学藏"</h1>
            <p>"页面未能完整载入，请重新打开。"</p>
            <p lang="en">"The page could not be loaded in full. Please open it again."</p>
        </main>
    }
    .into_any()
}

/// Keeps the root's theme as the person or the system says.
fn follow_theme() {
    const DARK: &str = "(prefers-color-scheme: dark)";
    let apply = || {
        let dark = match state().theme.get_untracked() {
            Theme::System => browser::matches_media(DARK),
            Theme::Light => false,
            Theme::Dark => true,
        };
        browser::mark_root("data-theme", Some(if dark { "dark" } else { "light" }));
    };
    Effect::new(move |_| {
        state().theme.track();
        apply();
    });
    browser::on_media_change(DARK, apply);
}

/// The page at the address. A change of query alone does not draw it anew.
fn page() -> impl FnMut() -> AnyView + 'static {
    let path = Memo::new(|_| state().address.with(|address| address.path.clone()));
    let first = StoredValue::new(true);
    Effect::new(move |_| {
        let title = title(&Route::parse(&path.get()));
        document().set_title(&format!("{title} · {}", t!(app.name)));
    });
    Effect::new(move |_| {
        let moved = Route::parse(&path.get()) != Route::Find;
        if !first.get_value() && moved {
            browser::focus("page");
        }
        first.set_value(false);
    });
    move || view(Route::parse(&path.get()))
}

fn view(route: Route) -> AnyView {
    match route {
        Route::Today => pages::today::page(),
        Route::Find => pages::find::page(),
        Route::Copies => pages::copies::page(),
        Route::Dossier(person) => pages::dossier::page(person),
        Route::PersonUses(person) => pages::uses::of_person(person),
        Route::Imports => pages::imports::page(),
        Route::Campaigns => pages::campaigns::page(),
        Route::Campaign(id) => pages::campaigns::one(id),
        Route::Slips(id) => pages::slips::page(id),
        Route::Ground(id) => pages::ground::page(id),
        Route::Cohorts(campaign) => pages::cohort::page(campaign),
        Route::Cohort(id) => pages::cohort::one(id),
        Route::CohortCase(id, person) => pages::cohort::case::page(id, person),
        Route::Deliveries => pages::deliveries::page(),
        Route::Delivery(id) => pages::delivery::page(id),
        Route::Item(id, number) => pages::item::page(id, number),
        Route::Receipt(id) => pages::delivery::receipt(id),
        Route::Supervision => pages::supervision::page(),
        Route::Desk => pages::desk::page(None),
        Route::DeskPerson(person) => pages::desk::page(Some(person)),
        Route::Review => pages::review::page(),
        Route::ReviewOne(id) => pages::review::one(id),
        Route::Calibrations => pages::calibration::page(),
        Route::Calibration(id) => pages::calibration::one(id),
        Route::Deletions => pages::deletions::page(),
        Route::Deletion(id) => pages::case::page(id),
        Route::Ceremony(id) => pages::case::ceremony(id),
        Route::Certificate(id) => pages::certificate::page(id),
        Route::Archive => pages::archive::page(),
        Route::Appraisal(id) => pages::appraisal::page(id),
        Route::Ledger => pages::ledger::page(),
        Route::LedgerEntry(index) => pages::ledger::one(index),
        Route::Audit => pages::audit::page(),
        Route::AccountUses => pages::uses::of_accounts(),
        Route::Settings(section) => pages::settings::page(section),
        Route::Unknown => notice::empty(t!(app.no_page), t!(app.no_page_how)),
    }
}

fn title(route: &Route) -> Text {
    match route {
        Route::Today => t!(rail.today),
        Route::Find => t!(rail.find),
        Route::Copies => t!(rail.copies),
        Route::Dossier(_) => t!(dossier.title),
        Route::PersonUses(_) => t!(uses.of_person),
        Route::Imports => t!(rail.imports),
        Route::Campaigns | Route::Campaign(_) => t!(rail.campaigns),
        Route::Slips(_) => t!(slips.title),
        Route::Ground(_) => t!(ground.title),
        Route::Cohorts(_) | Route::Cohort(_) => t!(cohort.title),
        Route::CohortCase(..) => t!(cohort.case),
        Route::Deliveries | Route::Delivery(_) => t!(rail.deliveries),
        Route::Item(..) => t!(item.title),
        Route::Receipt(_) => t!(receipt.title),
        Route::Supervision => t!(rail.supervision),
        Route::Desk | Route::DeskPerson(_) => t!(rail.desk),
        Route::Review | Route::ReviewOne(_) => t!(rail.review),
        Route::Calibrations | Route::Calibration(_) => t!(rail.calibration),
        Route::Deletions | Route::Deletion(_) => t!(rail.deletions),
        Route::Ceremony(_) => t!(ceremony.title),
        Route::Certificate(_) => t!(certificate.title),
        Route::Archive => t!(rail.archive),
        Route::Appraisal(_) => t!(appraisal.title),
        Route::Ledger | Route::LedgerEntry(_) => t!(rail.ledger),
        Route::Audit => t!(rail.audit),
        Route::AccountUses => t!(uses.of_accounts),
        Route::Settings(Section::Doctor) => t!(settings.doctor),
        Route::Settings(Section::People) => t!(settings.people),
        Route::Settings(Section::Rights) => t!(settings.rights),
        Route::Settings(Section::Vendors) => t!(settings.vendors),
        Route::Settings(Section::Rules) => t!(settings.rules),
        Route::Unknown => t!(app.no_page),
    }
}
