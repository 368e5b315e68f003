//! Is it really gone? One deletion case, its ceremony and its certificate.

use crate::prelude::*;
use api::Right;
use api::deletion::{Case, CaseEvent, Ceremony, Guard, Location, NextStep};
use api::ids::CaseId;
use gloo_timers::callback::Interval;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    field, figure, guard,
    loader::Loader,
    mark::{self, Status},
    notice, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::pages::dossier::leaf;
use crate::state::{now, state};
use crate::t;

/// How often an open case is asked for, ms: the other side acts on its own machine.
const ASK_EVERY: u32 = 4_000;
/// The same during the ceremony, where two rooms wait for each other.
const ASK_OFTEN: u32 = 1_000;

/// The status of a handshake's state.
pub(crate) fn case_status(state: &str) -> Status {
    match &*state.to_ascii_uppercase() {
        "CERTIFIED" => Status::Ok,
        "PARTIAL" | "SUSPENDED" | "DISPUTED" => Status::Attention,
        "ABORTED" | "REVOKED" => Status::Stop,
        _ => Status::Waiting,
    }
}

/// The words for a handshake's state, however it is spelt.
pub(crate) fn case_word(state: &str) -> String {
    i18n::worded(words::case_state, &state.to_ascii_uppercase())
}

/// A case that is asked for again and again while it is open.
fn followed(id: CaseId, every: u32) -> Loader<Case> {
    let case = Loader::new(move || api_client::deletions::case(id));
    live::on_change(&["deletion"], move || case.again());
    let ticking = StoredValue::new_local(Some(Interval::new(every, move || {
        if case.now().is_some_and(|case| case.next.is_some()) {
            case.again();
        }
    })));
    on_cleanup(move || {
        ticking.try_update_value(Option::take);
    });
    case
}

/// The page.
pub(crate) fn page(id: CaseId) -> AnyView {
    let case = followed(id, ASK_EVERY);
    let step = Memo::new(move |_| case.get().and_then(Step::of));
    view! {
        <p class="crumb no-print"><a href="/deletions">{t!(rail.deletions)}</a></p>
        {case.show(|kept| head(&kept))}
        {next_step(id, case, step)}
        {case.show_quietly(|kept| view! {
            {guards(&kept.guards)}
            {locations(&kept.locations)}
            {timeline(&kept.timeline)}
        })}
    }
    .into_any()
}

fn head(kept: &Case) -> AnyView {
    let id = kept.id;
    view! {
        <header class="page-head">
            <div>
                <h1>{kept.vendor_name.clone()}</h1>
                <p>{mark::mark(case_status(&kept.state), case_word(&kept.state))} " "
                    <span class="dim">{t!(deletions.opened)} " " {format::local_time(kept.opened)} " · " {subject::link(&kept.delivery.to_string())}</span></p>
            </div>
            {kept.certificate.then(|| view! { <a class="button primary" href=format!("/deletions/{id}/certificate")>{t!(certificate.title)}</a> })}
        </header>
        {figure::figures(vec![
            figure::figure(t!(deletions.objects), format::count(kept.objects)),
            figure::figure(t!(case.bytes), format::size(kept.bytes)),
            figure::figure(t!(case.locations), format::count(kept.locations.len() as u64)),
        ])}
    }
    .into_any()
}

/// What must happen next, and whose signature it lacks.
#[derive(Clone, PartialEq)]
struct Step {
    next: NextStep,
    signing: Option<String>,
    awaits: Vec<api::Role>,
}

/// What the person at this screen can do about it.
#[derive(Clone, PartialEq)]
enum Mine {
    /// Nothing: the vendor is on.
    Wait,
    /// Go to the ceremony.
    Ceremony,
    /// Sign this.
    Sign(String),
    /// Nothing: these others sign.
    Others(String),
    /// Nothing: officers sign.
    Officers,
}

impl Step {
    fn of(kept: Case) -> Option<Self> {
        Some(Self { next: kept.next?, signing: kept.signing, awaits: kept.awaits })
    }

    fn status(&self) -> Status {
        if self.next == NextStep::AwaitVendor { Status::Waiting } else { Status::Attention }
    }

    /// Whose signatures it lacks.
    fn offices(&self) -> String {
        format::list(
            &self.awaits.iter().map(|office| i18n::name_of(words::role, *office)).collect::<Vec<_>>(),
        )
    }

    /// What is to be signed, or the step's own words.
    fn words(&self) -> String {
        match &self.signing {
            Some(message) => i18n::worded(words::message, message),
            None => i18n::name_of(words::next, self.next),
        }
    }

    /// Which message waits for whose signature, or the step's own words.
    fn sentence(&self) -> String {
        if self.signing.is_some() && !self.awaits.is_empty() {
            t!(case.to_sign, step = self.words(), names = self.offices()).to_string()
        } else {
            i18n::name_of(words::next, self.next)
        }
    }

    fn mine(&self) -> Mine {
        match self.next {
            NextStep::AwaitVendor => Mine::Wait,
            NextStep::Ceremony => Mine::Ceremony,
            _ if self.awaits.iter().any(|office| holds(*office)) => Mine::Sign(self.words()),
            _ if state().may(Right::SignDeletions) => Mine::Others(self.offices()),
            _ => Mine::Officers,
        }
    }
}

/// Whether the person at this screen holds an office.
fn holds(office: api::Role) -> bool {
    state().session_now().is_some_and(|session| session.user.roles.contains(&office))
}

/// What must happen next, and by whom; the signature is given here. The case is heard of anew all the time: each part is
/// drawn anew only when it is another, so that nobody loses the password being typed.
fn next_step(id: CaseId, case: Loader<Case>, step: Memo<Option<Step>>) -> AnyView {
    let goes_on = Memo::new(move |_| step.get().is_some());
    let mine = Memo::new(move |_| step.get().map(|step| step.mine()));
    (move || {
        goes_on.get().then(|| {
            view! {
                <section class="panel no-print">
                    <h2>{t!(deletions.next)}</h2>
                    <p>{move || step.get().map(|step| mark::mark(step.status(), step.sentence()))}</p>
                    {move || mine.get().map(|mine| what_i_do(id, case, mine))}
                </section>
            }
        })
    })
    .into_any()
}

fn what_i_do(id: CaseId, case: Loader<Case>, mine: Mine) -> AnyView {
    match mine {
        Mine::Wait => ().into_any(),
        Mine::Ceremony => view! {
            <a class="button primary" href=format!("/deletions/{id}/ceremony")>{t!(case.to_ceremony)}</a>
        }
        .into_any(),
        Mine::Sign(step) => signature(id, &step, case),
        Mine::Others(names) => {
            view! { <p>{mark::mark(Status::Waiting, t!(case.awaits, names = names))}</p> }.into_any()
        }
        Mine::Officers => view! { <p class="dim">{t!(case.officers_sign)}</p> }.into_any(),
    }
}

fn signature(id: CaseId, step: &str, case: Loader<Case>) -> AnyView {
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move || {
        attempt.run(api_client::deletions::sign_step(id, password.get_untracked()), move |kept| {
            case.put(kept);
            state().tell(t!(case.signed));
        });
        password.set(String::new());
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p class="dim">{t!(case.sign_means, step = step)}</p>
            <div class="row">
                {field::text("officer-password", t!(case.password), "password", password)}
                <button type="submit" class="primary" disabled=move || attempt.busy() || password.get().is_empty()>{t!(case.sign)}</button>
            </div>
            {attempt.refusal()}
        </form>
    }
    .into_any()
}

/// How a condition stands. One whose step was not reached yet is not failed.
fn guard_status(guard: &Guard) -> Status {
    match (guard.met, &*guard.detail) {
        (true, _) => Status::Ok,
        (false, "reached=no") => Status::Waiting,
        (false, _) => Status::Stop,
    }
}

fn guards(guards: &[Guard]) -> AnyView {
    if guards.is_empty() {
        return ().into_any();
    }
    view! {
        <section>
            <h2>{t!(case.guards)}</h2>
            <ul class="guards">{guards.iter().map(|guard| view! {
                <li>{mark::mark(guard_status(guard), i18n::worded(words::guard, &guard.code))}
                    " " <span class="dim">{guard::particulars(&guard.detail)}</span></li>
            }).collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// What was declared beside what was measured.
fn locations(locations: &[Location]) -> AnyView {
    let body = if locations.is_empty() {
        notice::empty(t!(case.no_locations), t!(case.no_locations_how))
    } else {
        view! {
            <div class="scroll"><table class="dense">
                <thead><tr>
                    <th>{t!(case.location)}</th><th>{t!(case.declared)}</th><th class="number">{t!(case.possessed)}</th>
                    <th class="number">{t!(case.remaining)}</th><th>{t!(case.assurance)}</th><th>{t!(case.residue)}</th>
                </tr></thead>
                <tbody>{locations.iter().map(location).collect_view()}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section><h2>{t!(case.locations)}</h2>{body}</section> }.into_any()
}

fn location(location: &Location) -> AnyView {
    let level = location.assurance.as_deref();
    let assurance = match level {
        Some("AL0") => mark::mark(Status::Attention, t!(case.declared_only)),
        Some(level) => mark::mark(Status::Ok, i18n::worded(words::assurance, level)),
        None => mark::mark(Status::Waiting, t!(case.not_measured)),
    };
    let remaining = match location.remaining {
        Some(0) => mark::mark(Status::Ok, "0"),
        Some(n) => mark::mark(Status::Stop, format::count(n)),
        None => "—".into_any(),
    };
    view! {
        <tr>
            <td>{i18n::worded(words::location, &location.kind)} " " <code>{location.id.clone()}</code></td>
            <td>{location.declared.clone()}</td>
            <td class="number">{location.possessed.map_or_else(|| "—".to_owned(), format::count)}</td>
            <td class="number">{remaining}</td>
            <td>{assurance}</td>
            <td>{location.residue.clone()}</td>
        </tr>
    }
    .into_any()
}

fn timeline(events: &[CaseEvent]) -> AnyView {
    let event = |event: &CaseEvent| {
        let vendor = event.sender == "vendor";
        view! {
            <li class:from-vendor=vendor>
                <p><strong>{i18n::worded(words::message, &event.message)}</strong> " " <code>{event.message.clone()}</code></p>
                <p class="dim">{i18n::worded(words::side, &event.sender)} " · " {format::when(event.at)} " · "
                    {case_word(&event.state)} " · " {t!(rail.ledger)} " " {leaf(event.leaf)}</p>
            </li>
        }
    };
    let body = if events.is_empty() {
        notice::empty(t!(case.no_events), t!(case.no_events_how))
    } else {
        view! { <ol class="case-timeline">{events.iter().map(event).collect_view()}</ol> }.into_any()
    };
    view! { <section><h2>{t!(case.timeline)}</h2>{body}</section> }.into_any()
}

/// The ceremony: one code read aloud here, the other typed here.
pub(crate) fn ceremony(id: CaseId) -> AnyView {
    let case = followed(id, ASK_OFTEN);
    // The clock and the code come and go; the field being typed in must stay.
    let ceremony = Memo::new(move |_| case.get().and_then(|case| case.ceremony));
    let over = Memo::new(move |_| case.get().is_some_and(|case| case.next != Some(NextStep::Ceremony)));
    let named = Memo::new(move |_| case.get().map(|case| (case.vendor_name, case.objects)));
    let known = Memo::new(move |_| named.get().is_some());
    view! {
        <p class="crumb"><a href=format!("/deletions/{id}")>{t!(case.back)}</a></p>
        <header class="page-head"><div>
            <h1>{t!(ceremony.title)}</h1>
            <p class="dim">{move || named.get().map(|(name, n)| t!(ceremony.of, name = name, n = format::count(n)))}</p>
        </div></header>
        {move || if !known.get() {
            case.show(|_| ().into_any())
        } else if over.get() {
            view! {
                <p>{mark::mark(Status::Waiting, t!(ceremony.not_now))}</p>
                <div class="actions"><a class="button primary" href=format!("/deletions/{id}")>{t!(case.back)}</a></div>
            }.into_any()
        } else {
            view! {
                <div class="ceremony">
                    {spoken(ceremony)}
                    {typed(id, case, ceremony)}
                </div>
            }.into_any()
        }}
    }
    .into_any()
}

fn spoken(ceremony: Memo<Option<Ceremony>>) -> AnyView {
    let code = Memo::new(move |_| ceremony.get().and_then(|ceremony| ceremony.code));
    let spaced = |code: String| {
        let (first, second) = code.split_at_checked(4).unwrap_or((&code, ""));
        view! { <span>{first.to_owned()}</span> " " <span>{second.to_owned()}</span> }
    };
    let clock = RwSignal::new(now());
    let ticking = StoredValue::new_local(Some(Interval::new(1_000, move || clock.set(now()))));
    on_cleanup(move || {
        ticking.try_update_value(Option::take);
    });
    let left = move || {
        let closes = ceremony.get()?.closes?;
        let ms = closes.as_millisecond().saturating_sub(clock.get().as_millisecond());
        Some(t!(ceremony.closes, span = format::clock(u64::try_from(ms).unwrap_or(0))))
    };
    view! {
        <section>
            <h2>{t!(ceremony.read_aloud)}</h2>
            <p class="code" role="status" aria-live="assertive">{move || match code.get() {
                Some(code) => spaced(code).into_any(),
                None => view! { <span class="no-code">{t!(ceremony.no_code)}</span> }.into_any(),
            }}</p>
            <p class="dim digits">{left}</p>
            <p>{move || ceremony.get().map(|c| if c.vendor_typed {
                mark::mark(Status::Ok, t!(ceremony.vendor_typed))
            } else {
                mark::mark(Status::Waiting, t!(ceremony.vendor_types))
            })}</p>
        </section>
    }
    .into_any()
}

fn typed(id: CaseId, case: Loader<Case>, ceremony: Memo<Option<Ceremony>>) -> AnyView {
    let code = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let done = Memo::new(move |_| ceremony.get().is_some_and(|ceremony| ceremony.school_typed));
    let submit = move || {
        let plain: String = code.get_untracked().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        attempt.run(api_client::deletions::type_code(id, plain.to_ascii_uppercase()), move |kept| {
            case.put(kept)
        });
        code.set(String::new());
    };
    view! {
        <section>
            <h2>{t!(ceremony.type_code)}</h2>
            {move || if done.get() {
                mark::mark(Status::Ok, t!(ceremony.school_typed))
            } else if state().may(Right::SignDeletions) {
                view! {
                    <form on:submit=move |event| { event.prevent_default(); submit(); }>
                        <label class="field" for="vendor-code"><span>{t!(ceremony.code)}</span>
                            <input id="vendor-code" class="code-input" type="text" autocomplete="off" autocapitalize="characters"
                                spellcheck="false" maxlength="9" prop:value=move || code.get()
                                on:input:target=move |event| code.set(event.target().value())/>
                        </label>
                        {attempt.refusal()}
                        <button type="submit" disabled=move || attempt.busy() || code.get().trim().len() < 8>{t!(ceremony.compare)}</button>
                    </form>
                }.into_any()
            } else {
                view! { <p class="dim">{t!(case.officers_sign)}</p> }.into_any()
            }}
        </section>
    }
    .into_any()
}
