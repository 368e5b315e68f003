//! What went wrong, or that there is nothing yet: what, why, and what now.

use crate::prelude::*;
use api::{Problem, ProblemCode};

use crate::api_client::Failure;
use crate::components::mark::{self, Status};
use crate::i18n::{self, words};
use crate::t;

/// The sentence for a failure, in the person's language.
pub(crate) fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Problem(problem) => problem_sentence(problem),
        Failure::Unreachable => t!(failure.unreachable).to_string(),
        Failure::Unreadable => t!(failure.unreadable).to_string(),
        Failure::NoPurpose => t!(failure.no_purpose).to_string(),
    }
}

/// The sentence for a problem, worded from its code and parameters.
pub(crate) fn problem_sentence(problem: &Problem) -> String {
    let template = i18n::name_of(words::problem, problem.code);
    // The words of a reason have places of their own, which the other parameters fill.
    let reason = problem.params.get_key_value("reason");
    reason
        .into_iter()
        .chain(&problem.params)
        .fold(template, |text, (name, value)| text.replace(&format!("{{{name}}}"), &parameter(name, value)))
}

/// A parameter as people read it: rights, roles, guards and jobs have words of their own.
fn parameter(name: &str, value: &str) -> String {
    match name {
        "right" => i18n::worded(words::right, value),
        "a" | "b" | "role" => i18n::worded(words::role, value),
        "guard" => i18n::worded(words::guard, value),
        "kind" => i18n::worded(words::thing, value),
        "reason" => i18n::worded(words::reason, value),
        "field" => i18n::worded(words::field, value),
        "state" => i18n::worded(words::state, value),
        "what" => i18n::worded(words::job, value),
        _ => value.to_owned(),
    }
}

/// Whether trying again can't help: what my office may not do, it may not do a moment later either.
fn is_for_good(failure: &Failure) -> bool {
    matches!(failure, Failure::Problem(problem) if problem.code == ProblemCode::NotAllowed)
}

/// A view that failed, with the way to try again.
pub(crate) fn failing(failure: &Failure, again: impl Fn() + 'static) -> AnyView {
    view! {
        <div class="notice stop" role="alert">
            {mark::shape(Status::Stop)}
            <p>{sentence(failure)}</p>
            {(!is_for_good(failure)).then(|| view! { <button type="button" on:click=move |_| again()>{t!(common.again)}</button> })}
        </div>
    }
    .into_any()
}

/// A refusal beside the form that caused it; nothing while there is none.
pub(crate) fn refusal(failure: RwSignal<Option<Failure>>) -> AnyView {
    view! {
        <div class="refusals">
            {move || failure.get().map(|failure| view! {
                <p class="refusal" role="alert">{mark::shape(Status::Stop)} {sentence(&failure)}</p>
            })}
        </div>
    }
    .into_any()
}

/// A view that has nothing yet: what will be here, and how to begin.
pub(crate) fn empty(what: impl IntoView, how: impl IntoView) -> AnyView {
    view! {
        <div class="empty">
            <p class="empty-what">{what}</p>
            <p>{how}</p>
        </div>
    }
    .into_any()
}
