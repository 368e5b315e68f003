//! The purpose, asked once per task.

use crate::prelude::*;
use api::Right;

use crate::components::{dialog, field, notice};
use crate::session;
use crate::state::state;
use crate::t;

/// The dialog that asks for the purpose when the API wants one.
pub(crate) fn dialog() -> AnyView {
    let text = RwSignal::new(String::new());
    let refused = RwSignal::new(None);
    let cohort = state().may(Right::ReadCohorts).then(|| t!(purpose.cohort));
    let usual = [t!(purpose.enquiry), t!(purpose.certificate), t!(purpose.correction), t!(purpose.recheck)];
    let submit = move || {
        spawn_local(async move {
            match session::state_purpose(text.get_untracked().trim().to_owned()).await {
                Ok(()) => refused.set(None),
                Err(failure) => refused.set(Some(failure)),
            }
        });
    };
    let too_short = move || text.get().trim().chars().count() < 2;
    dialog::dialog(state().purpose_wanted, t!(purpose.title), session::decline_purpose, move || {
        view! {
            <form on:submit=move |event| { event.prevent_default(); submit(); }>
                <p>{t!(purpose.why)}</p>
                <div class="chips" role="group" aria-label=t!(purpose.usual)>
                    {usual.into_iter().chain(cohort).map(|words| view! {
                        <button type="button" class="chip" on:click=move |_| text.set(words.to_string())>{words}</button>
                    }).collect_view()}
                </div>
                {field::text("purpose", t!(purpose.label), "text", text)}
                {notice::refusal(refused)}
                <div class="actions">
                    <button type="button" on:click=move |_| session::decline_purpose()>{t!(common.cancel)}</button>
                    <button type="submit" class="primary" disabled=too_short>{t!(purpose.go)}</button>
                </div>
            </form>
        }
        .into_any()
    })
}
