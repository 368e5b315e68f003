//! Figures: a number with its name, and pairs of name and value.

use leptos::prelude::*;

use crate::components::mark::{self, Status};
use crate::format;

/// A big number that must be zero; `href` leads to the rows behind it.
pub(crate) fn must_be_zero(name: &str, gloss: &str, n: u64, href: String) -> AnyView {
    let status = if n == 0 { Status::Ok } else { Status::Stop };
    view! {
        <a class=format!("big {}", status.class()) href=href>
            <span class="big-name">{name.to_owned()}</span>
            <span class="big-number">{format::count(n)} {mark::shape(status)}</span>
            <span class="big-gloss">{gloss.to_owned()}</span>
        </a>
    }
    .into_any()
}

/// A measured value beside its limit.
pub(crate) fn against_limit(name: &str, value: String, limit: String, holds: bool) -> AnyView {
    let status = if holds { Status::Ok } else { Status::Stop };
    view! {
        <div class="rate">
            <span class="rate-name">{name.to_owned()}</span>
            <span class="rate-value">{mark::shape(status)} {value}</span>
            <span class="rate-limit">{limit}</span>
        </div>
    }
    .into_any()
}

/// A plain figure.
pub(crate) fn figure(name: &str, value: impl IntoView + 'static) -> AnyView {
    view! {
        <div class="figure"><dt>{name.to_owned()}</dt><dd>{value.into_any()}</dd></div>
    }
    .into_any()
}

/// A row of plain figures.
pub(crate) fn figures(all: Vec<AnyView>) -> AnyView {
    view! { <dl class="figures">{all}</dl> }.into_any()
}

/// One fact of a list of facts; `private` ones are masked on a shared screen.
pub(crate) fn fact(name: &str, value: impl Into<String>, private: bool) -> AnyView {
    let value = value.into();
    let value = if value.is_empty() { "—".to_owned() } else { value };
    view! {
        <div class="fact">
            <dt>{name.to_owned()}</dt>
            <dd class:private=private>{value}</dd>
        </div>
    }
    .into_any()
}
