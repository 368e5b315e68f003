//! A labelled field.

use crate::i18n::Text;
use crate::prelude::*;

/// A field for one line of text. `kind` is the input's type.
pub(crate) fn text(
    id: &'static str,
    label: impl IntoView,
    kind: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <input id=id type=kind autocomplete="off" prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())/>
        </label>
    }
    .into_any()
}

/// A field with a hint beneath.
pub(crate) fn hinted(
    id: &'static str,
    label: impl IntoView,
    kind: &'static str,
    value: RwSignal<String>,
    hint: impl IntoView,
) -> AnyView {
    let hint_id = format!("{id}-hint");
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <input id=id type=kind autocomplete="off" aria-describedby=hint_id.clone() prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())/>
            <small id=hint_id>{hint}</small>
        </label>
    }
    .into_any()
}

/// A field for one line of text, with what is wrong about it beneath; nothing while all is well.
pub(crate) fn checked(
    id: &'static str,
    label: impl IntoView,
    value: RwSignal<String>,
    problem: impl Fn() -> Option<Text> + Copy + 'static,
) -> AnyView {
    let problem_id = format!("{id}-problem");
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <input id=id type="text" autocomplete="off" aria-describedby=problem_id.clone()
                aria-invalid=move || problem().is_some().to_string() prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())/>
            <small id=problem_id class="refusal" role="alert">{problem}</small>
        </label>
    }
    .into_any()
}

/// A field for several lines.
pub(crate) fn lines(id: &'static str, label: impl IntoView, rows: u32, value: RwSignal<String>) -> AnyView {
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <textarea id=id rows=rows prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())></textarea>
        </label>
    }
    .into_any()
}

/// A choice of one among several; each option has its value and its words.
pub(crate) fn choice(
    id: &'static str,
    label: impl IntoView,
    value: RwSignal<String>,
    options: Vec<(String, String)>,
) -> AnyView {
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <select id=id on:change:target=move |event| value.set(event.target().value())>
                {options.into_iter().map(|(option, words)| {
                    let own = option.clone();
                    view! { <option value=option selected=move || value.get() == own>{words}</option> }
                }).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// A box to tick.
pub(crate) fn tick(id: String, label: impl IntoView, value: RwSignal<bool>) -> AnyView {
    let own = id.clone();
    view! {
        <label class="tick" for=id>
            <input id=own type="checkbox" prop:checked=move || value.get()
                on:change:target=move |event| value.set(event.target().checked())/>
            <span>{label}</span>
        </label>
    }
    .into_any()
}
