//! Things by their ids: a short name, and the page that shows them.

use crate::prelude::*;

use crate::i18n::{self, words};
use crate::state::{Name, state};
use crate::t;

/// The first eight digits of an id: enough to tell two apart by eye.
pub(crate) fn short(id: &str) -> String {
    let (_, digits) = id.split_once('_').unwrap_or(("", id));
    digits.chars().take(8).collect()
}

/// Who did something: an account's name as it is, a vendor or the appliance in words.
pub(crate) fn actor(name: &str) -> String {
    match name.split_once('_') {
        Some(("vendor", digits)) if digits.len() == 32 => {
            format!("{} {}", i18n::worded(words::thing, "vendor"), short(name))
        }
        _ => i18n::worded(words::actor, name),
    }
}

/// A thing as a link to its page, or as plain text when it has none.
pub(crate) fn link(id: &str) -> AnyView {
    let Some((kind, _)) = id.split_once('_') else {
        return view! { <span title=id.to_owned()>{short(id)}</span> }.into_any();
    };
    let own = id.to_owned();
    let text = move || {
        let (kind, _) = own.split_once('_')?;
        let kind = i18n::worded(words::thing, kind);
        Some(match state().names.with(|names| names.get(&own).cloned()) {
            Some(Name::Campaign(name)) => name,
            Some(Name::Delivery(campaign, round)) => {
                format!("{campaign} · {}", t!(delivery.round, n = round))
            }
            None => format!("{kind} {}", short(&own)),
        })
    };
    let room = match kind {
        "person" => "/persons",
        "delivery" => "/deliveries",
        "case" => "/deletions",
        "campaign" => "/campaigns",
        "calibration" => "/calibration",
        "comparison" => "/review",
        _ => return view! { <span title=id.to_owned()>{text}</span> }.into_any(),
    };
    view! { <a href=format!("{room}/{id}") title=id.to_owned()>{text}</a> }.into_any()
}
