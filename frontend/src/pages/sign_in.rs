//! Who are you?

use crate::prelude::*;

use crate::browser;
use crate::components::attempt::Attempt;
use crate::i18n::Text;
use crate::session;
use crate::state::state;
use crate::t;

/// The sign-in page. The address stays, so that the page asked for opens afterwards.
pub(crate) fn page() -> AnyView {
    let account = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move || {
        attempt.run(session::sign_in(account.get_untracked(), password.get_untracked()), |()| ());
        password.set(String::new());
    };
    document().set_title(&format!("{} · {}", t!(sign_in.title), t!(app.name)));
    Effect::new(|_| browser::focus("account"));
    view! {
        <main class="sign-in" id="page">
            <h1><span class="seal" aria-hidden="true">"学藏"</span> <span class="sr-only">{t!(app.name)}</span></h1>
            <p class="dim">{t!(app.motto)}</p>
            <form on:submit=move |event| { event.prevent_default(); submit(); }>
                {credential("account", t!(sign_in.account), "text", "username", account)}
                {credential("password", t!(sign_in.password), "password", "current-password", password)}
                {attempt.refusal()}
                <button type="submit" class="primary" disabled=move || attempt.busy()>{t!(sign_in.go)}</button>
            </form>
            <p class="dim">{t!(sign_in.help)}</p>
            <button type="button" class="quiet" on:click=move |_| {
                let next = state().language_now().other();
                browser::remember("language", Some(next.tag().get(..2).unwrap_or("zh")));
                state().language.set(next);
            }>{t!(sign_in.other_language)}</button>
        </main>
    }
    .into_any()
}

fn credential(
    id: &'static str,
    label: Text,
    kind: &'static str,
    autocomplete: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    view! {
        <label class="field" for=id>
            <span>{label}</span>
            <input id=id type=kind autocomplete=autocomplete required=true prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())/>
        </label>
    }
    .into_any()
}
