//! The frame around every page: the bar above, the rail of rooms, the jobs beneath.

use crate::prelude::*;
use api::Right;

use crate::api_client;
use crate::browser;
use crate::components::{dialog, field, job, keys, loader::Loader, notice, purpose};
use crate::i18n::{self, Text, words};
use crate::live;
use crate::router::{self, Route};
use crate::session;
use crate::state::{State, Theme, state};
use crate::t;

/// The links of a list's rows, for the arrow keys. The search has keys of its own.
const ROWS: &str = "main > .scroll .rows tbody a, main > section .rows tbody a, .waiting-list a";

/// One room of the rail.
struct Room {
    href: &'static str,
    name: Text,
    /// A sign for the phone's bar, where space is short.
    sign: &'static str,
    shown: bool,
}

/// The rooms of the person's offices, in the order of a working day.
fn rooms(state: State) -> Vec<Room> {
    let may = |right| state.may(right);
    let settings = [Right::ReadDoctor, Right::ManageAccounts, Right::ManageVendors].into_iter().any(may);
    let room = |href, name, sign, shown| Room { href, name, sign, shown };
    vec![
        room("/", t!(rail.today), "今", true),
        room("/find", t!(rail.find), "查", may(Right::Search)),
        room("/copies", t!(rail.copies), "名", may(Right::AskCopies) || may(Right::ApproveCopies)),
        room("/desk", t!(rail.desk), "比", may(Right::Compare)),
        room("/review", t!(rail.review), "复", may(Right::ReviewComparisons)),
        room("/campaigns", t!(rail.campaigns), "采", may(Right::ManageCampaigns) || may(Right::ReadCohorts)),
        room("/imports", t!(rail.imports), "入", may(Right::Import)),
        room("/deliveries", t!(rail.deliveries), "交", may(Right::ReadDeliveries)),
        room("/supervision", t!(rail.supervision), "督", may(Right::ReadDeliveries)),
        room("/deletions", t!(rail.deletions), "销", may(Right::ReadDeletions)),
        room("/calibration", t!(rail.calibration), "标", may(Right::Calibrate)),
        room("/archive", t!(rail.archive), "档", may(Right::ReadHealth)),
        room("/ledger", t!(rail.ledger), "账", may(Right::ReadLedger)),
        room("/audit", t!(rail.audit), "审", may(Right::ReadAudit)),
        room("/settings", t!(rail.settings), "设", settings),
    ]
    .into_iter()
    .filter(|room| room.shown)
    .collect()
}

/// The frame, with the page in it.
pub(crate) fn frame(page: impl FnMut() -> AnyView + 'static) -> AnyView {
    let help = RwSignal::new(false);
    browser::on_key(move |key, _| match key {
        "/" => {
            browser::focus("search-all");
            true
        }
        "p" => {
            toggle_mask();
            true
        }
        "?" => {
            help.set(true);
            true
        }
        "ArrowDown" => browser::step_through(ROWS, 1),
        "ArrowUp" => browser::step_through(ROWS, -1),
        _ => false,
    });
    live::listen();
    if state().may(Right::ReadDeliveries) {
        // What they are called is wanted wherever one of them is mentioned.
        spawn_local(async { drop(api_client::deliveries::deliveries().await) });
    }
    view! {
        <div class="app">
            <a class="skip" href="#page">{t!(frame.skip)}</a>
            {bar(help)}
            {rail()}
            <main id="page" tabindex="-1">{page}</main>
            {job::foot()}
            {keys::help(help)}
            {purpose::dialog()}
            {spoken_notice()}
        </div>
    }
    .into_any()
}

fn toggle_mask() {
    let masked = state().masked;
    masked.update(|masked| *masked = !*masked);
    browser::remember("masked", masked.get_untracked().then_some("yes"));
    state().tell(if masked.get_untracked() { t!(frame.mask_on) } else { t!(frame.mask_off) });
}

fn bar(help: RwSignal<bool>) -> AnyView {
    view! {
        <header class="bar">
            <a class="logo" href="/"><span lang="zh">"学藏"</span> " " <span class="sr-only">{t!(app.name)}</span></a>
            {state().may(Right::Search).then(search_box)}
            <div class="bar-tools">
                {campaign_menu()}
                <button type="button" class="quiet" on:click=move |_| turn_language()>
                    <span lang="zh">"中"</span>"/"<span lang="en">"EN"</span>
                    <span class="sr-only">{t!(frame.language)}</span>
                </button>
                {theme_button()}
                <button type="button" class="quiet" aria-pressed=move || state().masked.get().to_string()
                    title=t!(frame.mask) on:click=move |_| toggle_mask()>
                    <span aria-hidden="true">{move || if state().masked.get() { "▧" } else { "▢" }}</span>
                    <span class="sr-only">{t!(frame.mask)}</span>
                </button>
                <button type="button" class="quiet wide-only" title=t!(keys.title) on:click=move |_| help.set(true)>
                    <span aria-hidden="true">"?"</span><span class="sr-only">{t!(keys.title)}</span>
                </button>
                {account_menu()}
            </div>
        </header>
    }
    .into_any()
}

/// The one box that searches everything. Typing in it leads to the results at once.
fn search_box() -> AnyView {
    let words = router::query("q");
    let on_find = move || state().address.with(|address| address.path == "/find");
    view! {
        <form class="search-all" role="search" on:submit=move |event| {
            event.prevent_default();
            browser::focus("results");
        }>
            <label class="sr-only" for="search-all">{t!(find.label)}</label>
            <input id="search-all" type="search" autocomplete="off" spellcheck="false" placeholder=t!(find.placeholder)
                prop:value=move || if on_find() { words.get() } else { String::new() }
                on:input:target=move |event| look_for(&event.target().value())/>
            <kbd aria-hidden="true">"/"</kbd>
        </form>
    }
    .into_any()
}

fn look_for(words: &str) {
    if state().address.with_untracked(|address| address.path == "/find") {
        router::set_query(&[("q", words), ("at", ""), ("offset", "")]);
    } else {
        let query = [("q".to_owned(), words.to_owned())].into();
        router::go(&format!("/find?{}", router::write_query(&query)));
    }
}

/// Narrows lists to one campaign.
fn campaign_menu() -> Option<AnyView> {
    let may = [Right::ManageCampaigns, Right::Import, Right::ReadDeliveries];
    if !may.into_iter().any(|right| state().may(right)) {
        return None;
    }
    let campaigns = Loader::new(api_client::campaigns::campaigns);
    let chosen = state().campaign;
    Some(campaigns.show_quietly(move |campaigns| {
        if campaigns.is_empty() {
            return ().into_any();
        }
        view! {
            <label class="campaign-menu">
                <span class="sr-only">{t!(frame.campaign)}</span>
                <select on:change:target=move |event| {
                    let value = event.target().value();
                    browser::remember("campaign", (!value.is_empty()).then_some(&*value));
                    chosen.set(value);
                }>
                    <option value="">{t!(frame.all_campaigns)}</option>
                    {campaigns.into_iter().map(|campaign| {
                        let id = campaign.id.to_string();
                        let own = id.clone();
                        view! { <option value=id selected=move || chosen.get() == own>{campaign.facts.name}</option> }
                    }).collect_view()}
                </select>
            </label>
        }
        .into_any()
    }))
}

/// Speaks the other language. What was typed in fields stays, also where a change of words draws them anew.
fn turn_language() {
    let next = state().language_now().other();
    spawn_local(async move {
        if !i18n::load(next).await {
            state().tell(t!(failure.unreachable));
            return;
        }
        browser::remember("language", Some(next.tag().get(..2).unwrap_or("zh")));
        let typed = browser::typed();
        state().language.set(next);
        gloo_timers::future::TimeoutFuture::new(0).await;
        browser::type_again(&typed);
    });
}

fn theme_button() -> AnyView {
    let theme = state().theme;
    let sign = move || match theme.get() {
        Theme::System => "◐",
        Theme::Light => "○",
        Theme::Dark => "●",
    };
    let name = move || match theme.get() {
        Theme::System => t!(frame.theme_system),
        Theme::Light => t!(frame.theme_light),
        Theme::Dark => t!(frame.theme_dark),
    };
    view! {
        <button type="button" class="quiet" title=name on:click=move |_| {
            theme.update(|theme| *theme = theme.next());
            browser::remember("theme", Some(theme.get_untracked().word()));
        }>
            <span aria-hidden="true">{sign}</span><span class="sr-only">{name}</span>
        </button>
    }
    .into_any()
}

fn account_menu() -> Option<AnyView> {
    let session = state().session_now()?;
    let roles = session.user.roles.clone();
    let first = roles.first().copied();
    let first_role = move || first.map(|role| i18n::name_of(words::role, role));
    let all_roles = move || {
        let names: Vec<_> = roles.iter().map(|role| i18n::name_of(words::role, role)).collect();
        names.join(" · ")
    };
    let changing = RwSignal::new(false);
    Some(
        view! {
            <details class="account">
                <summary><span>{session.user.name.clone()}</span> <span class="account-role">{first_role}</span></summary>
                <div class="float">
                    <p class="account-name">{session.user.name.clone()} " · " {session.user.account.clone()}</p>
                    <p class="dim">{all_roles}</p>
                    {move || state().session().and_then(|s| s.purpose).map(|purpose| view! {
                        <p class="dim">{t!(frame.purpose, purpose = purpose)}</p>
                        <button type="button" on:click=move |_| state().purpose_wanted.set(true)>{t!(frame.new_purpose)}</button>
                    })}
                    <button type="button" on:click=move |_| changing.set(true)>{t!(frame.password)}</button>
                    <button type="button" on:click=move |_| spawn_local(session::sign_out())>{t!(frame.sign_out)}</button>
                </div>
                {password_dialog(changing)}
            </details>
        }
        .into_any(),
    )
}

fn password_dialog(open: RwSignal<bool>) -> AnyView {
    let old = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let refused = RwSignal::new(None);
    let submit = move || {
        spawn_local(async move {
            match api_client::accounts::change_password(old.get_untracked(), new.get_untracked()).await {
                Ok(()) => {
                    open.set(false);
                    state().tell(t!(frame.password_changed));
                }
                Err(failure) => refused.set(Some(failure)),
            }
            old.set(String::new());
            new.set(String::new());
        });
    };
    dialog::dialog(
        open,
        t!(frame.password),
        move || refused.set(None),
        move || {
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    {field::text("old-password", t!(frame.old_password), "password", old)}
                    {field::text("new-password", t!(frame.new_password), "password", new)}
                    {notice::refusal(refused)}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary">{t!(frame.password)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

fn rail() -> AnyView {
    let path = Memo::new(|_| state().address.with(|address| address.path.clone()));
    let here = move |href: &'static str| {
        let path = path.get();
        let is_under =
            |room: &str| path == room || path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'));
        match href {
            "/" => path == "/",
            "/find" => path == "/find" || matches!(Route::parse(&path), Route::Dossier(_)),
            "/campaigns" => is_under(href) || is_under("/cohorts"),
            href => is_under(href),
        }
    };
    view! {
        <nav class="rail" aria-label=t!(frame.rooms)>
            <ul>
                {rooms(state()).into_iter().map(|room| view! {
                    <li>
                        <a href=room.href aria-current=move || here(room.href).then_some("page")>
                            <span class="sign" aria-hidden="true">{room.sign}</span>
                            <span>{room.name}</span>
                        </a>
                    </li>
                }).collect_view()}
            </ul>
        </nav>
    }
    .into_any()
}

/// The notice in passing: shown for a few seconds, and read aloud.
fn spoken_notice() -> AnyView {
    let notice = state().notice;
    Effect::new(move |_| {
        if let Some((_, at)) = notice.get() {
            spawn_local(async move {
                gloo_timers::future::TimeoutFuture::new(5_000).await;
                if notice.try_get_untracked().flatten().is_some_and(|(_, shown)| shown <= at) {
                    notice.set(None);
                }
            });
        }
    });
    view! {
        <div class="toast" role="status" aria-live="polite">
            {move || notice.get().map(|(text, _)| view! { <p>{text}</p> })}
        </div>
    }
    .into_any()
}
