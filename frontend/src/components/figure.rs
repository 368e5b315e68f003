//! Figures: a number with its name, and pairs of name and value.

use crate::prelude::*;

use crate::components::mark::{self, Status};
use crate::format;
use crate::i18n::Text;
use crate::t;

/// A big number that must be zero; `href` leads to the rows behind it.
pub(crate) fn must_be_zero(name: Text, gloss: Text, n: u64, href: String) -> AnyView {
    let status = if n == 0 { Status::Ok } else { Status::Stop };
    big(status, name, gloss, n, Some(href))
}

/// A big number and how it stands; `href` leads to the rows behind it, if they are listed by themselves.
pub(crate) fn big(status: Status, name: impl IntoView, gloss: Text, n: u64, href: Option<String>) -> AnyView {
    view! {
        <a class=format!("big {}", status.class()) href=href>
            <span class="big-name">{name}</span>
            <span class="big-number">{format::count(n)} {mark::shape(status)}</span>
            <span class="big-gloss">{gloss}</span>
        </a>
    }
    .into_any()
}

/// A measured value beside its limit.
pub(crate) fn against_limit(name: Text, value: String, limit: String, holds: bool) -> AnyView {
    let status = if holds { Status::Ok } else { Status::Stop };
    view! {
        <div class="rate">
            <span class="rate-name">{name}</span>
            <span class="rate-value">{mark::shape(status)} {value}</span>
            <span class="rate-limit">{limit}</span>
        </div>
    }
    .into_any()
}

/// A plain figure.
pub(crate) fn figure(name: impl IntoView, value: impl IntoView) -> AnyView {
    view! {
        <div class="figure"><dt>{name}</dt><dd>{value}</dd></div>
    }
    .into_any()
}

/// A row of plain figures.
pub(crate) fn figures(all: Vec<AnyView>) -> AnyView {
    view! { <dl class="figures">{all}</dl> }.into_any()
}

/// One fact of a list of facts; `private` ones are masked on a shared screen.
pub(crate) fn fact(name: impl IntoView, value: impl Into<String>, private: bool) -> AnyView {
    let value = value.into();
    let value = if value.is_empty() { "—".to_owned() } else { value };
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd class:private=private>{value}</dd>
        </div>
    }
    .into_any()
}

/// Where a similarity lies between the thresholds, -1..=1: below `reject` two people, from `accept` on one.
pub(crate) fn scale(similarity: f32, reject: f32, accept: f32) -> AnyView {
    // The drawing begins as far below the thresholds as they lie below 1, so that what lies between them can be seen.
    let low = (2.0 * reject - 1.0).max(-1.0);
    let across = move |value: f32| (value.clamp(low, 1.0) - low) / (1.0 - low).max(0.01) * 300.0 + 10.0;
    let tick = |value: f32| {
        view! {
            <line class="tick-mark" x1=across(value) x2=across(value) y1="8" y2="28"></line>
        }
    };
    let status = match similarity {
        s if s >= accept => Status::Ok,
        s if s < reject => Status::Stop,
        _ => Status::Attention,
    };
    let figures = [similarity, reject, accept].map(|value| format::fixed(value, 3));
    let [value, reject_text, accept_text] = figures;
    view! {
        <figure class="scale">
            <svg viewBox="0 0 320 36" aria-hidden="true">
                <line class="scale-line" x1="10" x2="310" y1="18" y2="18"></line>
                <line class="scale-doubt" x1=across(reject) x2=across(accept) y1="18" y2="18"></line>
                {tick(reject)}{tick(accept)}
                <circle class=format!("scale-value {}", status.class()) cx=across(similarity) cy="18" r="7"></circle>
            </svg>
            <figcaption>{t!(item.scale, value = value, reject = reject_text, accept = accept_text)}</figcaption>
        </figure>
    }
    .into_any()
}
