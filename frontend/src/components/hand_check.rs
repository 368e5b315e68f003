//! The path that is open to everybody: a person says who somebody is, without a machine.

use api::ids::PersonId;
use api::law::{HandDecision, NewHandCheck};

use crate::api_client;
use crate::components::{attempt::Attempt, dialog, field};
use crate::i18n::{self, words};
use crate::prelude::*;
use crate::state::state;
use crate::t;

/// A person says who somebody is.
pub(crate) fn dialog(open: RwSignal<bool>, person: PersonId) -> AnyView {
    dialog::dialog(
        open,
        t!(hand.title),
        || (),
        move || {
            let all = [HandDecision::Same, HandDecision::Different, HandDecision::Doubtful];
            let (decision, note) = (RwSignal::new("same".to_owned()), RwSignal::new(String::new()));
            let attempt = Attempt::new();
            let options =
                all.map(|one| (i18n::code_of(one), i18n::name_of(words::hand_decision, one))).to_vec();
            let submit = move || {
                let decision = decision.get_untracked();
                let decision = all.into_iter().find(|one| i18n::code_of(one) == decision);
                let Some(decision) = decision else { return };
                let new = NewHandCheck { decision, note: note.get_untracked() };
                attempt.run(async move { api_client::law::check_by_hand(person, &new).await }, move |kept| {
                    open.set(false);
                    let decision = i18n::name_of(words::hand_decision, kept.found.decision);
                    state().tell(t!(hand.done, decision = decision));
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    {field::choice("hand-decision", t!(hand.found), decision, options)}
                    {field::hinted("hand-note", t!(hand.note), "text", note, t!(hand.note_hint))}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || note.get().trim().chars().count() < 2>{t!(hand.record)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}
