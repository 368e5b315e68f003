//! Which page stands at which address, and how to get from one to another without loading anew.

use std::collections::BTreeMap;

use crate::prelude::*;
use api::ids::{
    AppraisalId, CalibrationId, CampaignId, CaseId, CohortId, ComparisonId, DeliveryId, PersonId,
};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::browser;
use crate::state::state;

/// The part of the URL that this client reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    /// `/deliveries/delivery_…`
    pub(crate) path: String,
    /// Query parameters.
    pub(crate) query: BTreeMap<String, String>,
}

impl Address {
    /// The address the browser shows.
    pub(crate) fn now() -> Self {
        let location = browser::window().location();
        let path = location.pathname().unwrap_or_default();
        let search = location.search().unwrap_or_default();
        Self { path, query: parse_query(&search) }
    }

    /// The address as text.
    pub(crate) fn href(&self) -> String {
        let query = write_query(&self.query);
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

fn parse_query(search: &str) -> BTreeMap<String, String> {
    let Ok(params) = web_sys::UrlSearchParams::new_with_str(search) else {
        return BTreeMap::new();
    };
    let Ok(Some(entries)) = js_sys::try_iter(&params) else {
        return BTreeMap::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|pair| {
            let pair: js_sys::Array = pair.dyn_into().ok()?;
            Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
        })
        .collect()
}

/// Writes query parameters, leaving out empty ones.
pub(crate) fn write_query(query: &BTreeMap<String, String>) -> String {
    let Ok(params) = web_sys::UrlSearchParams::new() else {
        return String::new();
    };
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        params.append(name, value);
    }
    params.to_string().as_string().unwrap_or_default()
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Today,
    Find,
    Copies,
    Dossier(PersonId),
    PersonUses(PersonId),
    Imports,
    Campaigns,
    Campaign(CampaignId),
    Slips(CampaignId),
    Ground(CampaignId),
    Cohorts(CampaignId),
    Cohort(CohortId),
    CohortCase(CohortId, PersonId),
    Deliveries,
    Delivery(DeliveryId),
    Item(DeliveryId, u32),
    Receipt(DeliveryId),
    Supervision,
    Desk,
    DeskPerson(PersonId),
    Review,
    ReviewOne(ComparisonId),
    Calibrations,
    Calibration(CalibrationId),
    Deletions,
    Deletion(CaseId),
    Ceremony(CaseId),
    Certificate(CaseId),
    Archive,
    Appraisal(AppraisalId),
    Ledger,
    LedgerEntry(u64),
    Audit,
    AccountUses,
    Settings(Section),
    Unknown,
}

/// A part of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Doctor,
    People,
    Rights,
    Vendors,
    Rules,
}

impl Route {
    /// Reads a path.
    pub(crate) fn parse(path: &str) -> Self {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        Self::find(&parts).unwrap_or(Self::Unknown)
    }

    fn find(parts: &[&str]) -> Option<Self> {
        Some(match parts {
            [] => Self::Today,
            ["find"] => Self::Find,
            ["copies"] => Self::Copies,
            ["persons", id] => Self::Dossier(id.parse().ok()?),
            ["persons", id, "uses"] => Self::PersonUses(id.parse().ok()?),
            ["imports"] => Self::Imports,
            ["campaigns"] => Self::Campaigns,
            ["campaigns", id] => Self::Campaign(id.parse().ok()?),
            ["campaigns", id, "slips"] => Self::Slips(id.parse().ok()?),
            ["campaigns", id, "ground"] => Self::Ground(id.parse().ok()?),
            ["campaigns", id, "cohorts"] => Self::Cohorts(id.parse().ok()?),
            ["cohorts", id] => Self::Cohort(id.parse().ok()?),
            ["cohorts", id, "cases", person] => Self::CohortCase(id.parse().ok()?, person.parse().ok()?),
            ["deliveries"] => Self::Deliveries,
            ["deliveries", id] => Self::Delivery(id.parse().ok()?),
            ["deliveries", id, "items", number] => Self::Item(id.parse().ok()?, number.parse().ok()?),
            ["deliveries", id, "receipt"] => Self::Receipt(id.parse().ok()?),
            ["supervision"] => Self::Supervision,
            ["desk"] => Self::Desk,
            ["desk", person] => Self::DeskPerson(person.parse().ok()?),
            ["review"] => Self::Review,
            ["review", id] => Self::ReviewOne(id.parse().ok()?),
            ["calibration"] => Self::Calibrations,
            ["calibration", id] => Self::Calibration(id.parse().ok()?),
            ["deletions"] => Self::Deletions,
            ["deletions", id] => Self::Deletion(id.parse().ok()?),
            ["deletions", id, "ceremony"] => Self::Ceremony(id.parse().ok()?),
            ["deletions", id, "certificate"] => Self::Certificate(id.parse().ok()?),
            ["archive"] => Self::Archive,
            ["archive", "appraisals", id] => Self::Appraisal(id.parse().ok()?),
            ["ledger"] => Self::Ledger,
            ["ledger", index] => Self::LedgerEntry(index.parse().ok()?),
            ["audit"] => Self::Audit,
            ["audit", "uses"] => Self::AccountUses,
            ["settings"] | ["settings", "doctor"] => Self::Settings(Section::Doctor),
            ["settings", "people"] => Self::Settings(Section::People),
            ["settings", "rights"] => Self::Settings(Section::Rights),
            ["settings", "vendors"] => Self::Settings(Section::Vendors),
            ["settings", "rules"] => Self::Settings(Section::Rules),
            _ => return None,
        })
    }
}

/// Goes to a page of this client.
pub(crate) fn go(href: &str) {
    if let Ok(history) = browser::window().history() {
        let _refused = history.push_state_with_url(&JsValue::NULL, "", Some(href));
    }
    arrive();
    browser::window().scroll_to_with_x_and_y(0.0, 0.0);
}

/// Goes back to where the person came from, or to `otherwise` when this page was the first.
pub(crate) fn back(otherwise: &str) {
    match browser::window().history() {
        Ok(history) if VISITED.with(std::cell::Cell::get) => {
            let _refused = history.back();
        }
        _ => go(otherwise),
    }
}

thread_local! {
    static VISITED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn arrive() {
    let now = Address::now();
    if state().address.get_untracked().path != now.path {
        VISITED.with(|visited| visited.set(true));
    }
    state().address.set(now);
}

/// Changes query parameters of the present page in place, so that its link restores this very view.
pub(crate) fn set_query(changes: &[(&str, &str)]) {
    let mut address = state().address.get_untracked();
    for (name, value) in changes {
        if value.is_empty() {
            address.query.remove(*name);
        } else {
            address.query.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    if let Ok(history) = browser::window().history() {
        let _refused = history.replace_state_with_url(&JsValue::NULL, "", Some(&address.href()));
    }
    if state().address.get_untracked() != address {
        state().address.set(address);
    }
}

/// One query parameter of the present page, empty if it is not there; changes only when it does.
pub(crate) fn query(name: &'static str) -> Memo<String> {
    Memo::new(move |_| state().address.with(|a| a.query.get(name).cloned().unwrap_or_default()))
}

/// Follows the browser's back button and every click on a link within the client.
pub(crate) fn listen() {
    let pop = window_event_listener(leptos::ev::popstate, |_| arrive());
    let click = window_event_listener(leptos::ev::click, |event| {
        if event.default_prevented()
            || event.button() != 0
            || event.ctrl_key()
            || event.meta_key()
            || event.shift_key()
        {
            return;
        }
        if let Some(href) = link_under(&event) {
            event.prevent_default();
            go(&href);
        }
    });
    on_cleanup(move || {
        pop.remove();
        click.remove();
    });
}

/// The address of the client's own link that was clicked.
fn link_under(event: &web_sys::MouseEvent) -> Option<String> {
    let element: web_sys::Element = event.target()?.dyn_into().ok()?;
    let anchor = element.closest("a[href]").ok().flatten()?;
    let href = anchor.get_attribute("href")?;
    let inside = href.starts_with('/') && !href.starts_with("/api/") && !href.starts_with("//");
    (inside && !anchor.has_attribute("target") && !anchor.has_attribute("download")).then_some(href)
}
