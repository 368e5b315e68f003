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

/// Who did something: a person's name as it is, a vendor or the appliance in words.
pub(crate) fn actor(name: &str) -> AnyView {
    if let Some(("vendor", digits)) = name.split_once('_')
        && digits.len() == 32
    {
        return format!("{} {}", i18n::worded(words::thing, "vendor"), short(name)).into_any();
    }
    match words::actor(name) {
        Some(word) => word.into_any(),
        None => view! { <span class="name" lang=is_chinese(name).then_some("zh")>{name.to_owned()}</span> }
            .into_any(),
    }
}

/// Whether a name is written in Han characters: read aloud as Chinese, whatever the page speaks.
fn is_chinese(name: &str) -> bool {
    name.chars()
        .any(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'))
}

/// What people call a thing, as far as it was heard of; else its kind and the beginning of its id.
pub(crate) fn name(id: &str) -> String {
    let (kind, _) = id.split_once('_').unwrap_or((id, ""));
    match state().names.with(|names| names.get(id).cloned()) {
        Some(Name::Campaign(name)) => name,
        Some(Name::Delivery(campaign, round)) => format!("{campaign} · {}", t!(delivery.round, n = round)),
        None => format!("{} {}", i18n::worded(words::thing, kind), short(id)),
    }
}

/// A thing as a link to its page, or as plain text when it has none.
pub(crate) fn link(id: &str) -> AnyView {
    let Some((kind, _)) = id.split_once('_') else {
        let name = words::thing(id).map_or_else(|| short(id), |name| name.say().to_owned());
        return view! { <span title=id.to_owned()>{name}</span> }.into_any();
    };
    let own = id.to_owned();
    let text = move || name(&own);
    let room = match kind {
        "person" => "/persons",
        "delivery" => "/deliveries",
        "case" => "/deletions",
        "campaign" => "/campaigns",
        "cohort" => "/cohorts",
        "calibration" => "/calibration",
        "comparison" => "/review",
        _ => return view! { <span title=id.to_owned()>{text}</span> }.into_any(),
    };
    view! { <a href=format!("{room}/{id}") title=id.to_owned()>{text}</a> }.into_any()
}
