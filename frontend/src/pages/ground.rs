//! May this campaign compare faces, and whose?

use api::Right;
use api::campaign::Campaign;
use api::ids::CampaignId;
use api::law::{
    Agreed, Assessment, AssessmentText, Bar, Closing, ConsentRow, ConsentsRecorded, Ground, Guardian, Means,
    NewAssessment, NewConsents, Notice, NoticeText,
};

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field, figure, hand_check,
    loader::Loader,
    mark::{self, Status},
    notice, pager,
    upload::{self, Stand},
};
use crate::format;
use crate::i18n::{self, Text, words};
use crate::prelude::*;
use crate::router;
use crate::state::{now, state};
use crate::t;

/// How many rows of a roster a part has.
const LIMIT: u32 = 100;

/// The page.
pub(crate) fn page(id: CampaignId) -> AnyView {
    let campaign = Loader::new(move || api_client::campaigns::campaign(id));
    let ground = Loader::new(move || api_client::law::ground(id));
    let may_read = [Right::RecordConsents, Right::ManageCampaigns, Right::Compare];
    view! {
        <p class="crumb"><a href="/campaigns">{t!(rail.campaigns)}</a> " › "
            {campaign.show_quietly(move |kept| view! { <a href=format!("/campaigns/{id}")>{kept.facts.name}</a> })}</p>
        <header class="page-head"><div><h1>{t!(ground.title)}</h1><p class="dim">{t!(ground.intro)}</p></div></header>
        {campaign.show(move |kept| ground.show(move |found| full(&kept, &found, ground)))}
        {may_read.iter().any(|right| state().may(*right)).then(|| consents(id, ground))}
    }
    .into_any()
}

fn full(campaign: &Campaign, found: &Ground, ground: Loader<Ground>) -> AnyView {
    view! {
        {standing(campaign, found, ground)}
        {notices(found, ground)}
        {assessments(found, ground)}
    }
    .into_any()
}

fn when(at: api::Timestamp) -> String {
    format::local_time(at)
}

/// Whether faces are compared, and the one next step.
fn standing(campaign: &Campaign, found: &Ground, ground: Loader<Ground>) -> AnyView {
    let id = found.campaign;
    let opening = Attempt::new();
    let ending = RwSignal::new(false);
    let may = state().may(Right::ManageCampaigns);
    let line = match (&found.closed, found.bar) {
        (Some(closing), _) => {
            mark::mark(Status::Waiting, t!(ground.ended, at = when(closing.act.at), by = closing.act.by))
        }
        _ if found.is_ending => mark::mark(Status::Stop, t!(ground.ending)),
        (None, None) => mark::mark(Status::Ok, t!(ground.open_now)),
        (None, Some(bar)) => {
            mark::mark(Status::Attention, t!(ground.barred_now, why = i18n::name_of(words::reason, bar)))
        }
    };
    let ready = found.bar == Some(Bar::NotOpened);
    let may_end = found.opened.is_some() && found.closed.is_none();
    view! {
        <section class="panel">
            <p role="status">{line}</p>
            {found.closed.as_ref().map(destroyed)}
            {opening.refusal()}
            <div class="actions">
                {(may && ready).then(|| view! {
                    <button type="button" class="primary" disabled=move || opening.busy()
                        on:click=move |_| opening.run(api_client::law::open(id), move |now| ground.put(now))>{t!(ground.open)}</button>
                })}
                {(may && may_end).then(|| view! {
                    <button type="button" on:click=move |_| ending.set(true)>{t!(ground.end)}</button>
                })}
            </div>
        </section>
        {end_dialog(ending, id, campaign.facts.name.clone(), ground)}
    }
    .into_any()
}

fn destroyed(closing: &Closing) -> AnyView {
    let what = &closing.destroyed;
    let declared: Vec<_> =
        what.declared_only.iter().map(|word| i18n::worded(words::declared, word)).collect();
    view! {
        <h2>{t!(ground.destroyed)}</h2>
        <ul class="destroyed">
            <li>{t!(ground.d_key, sha256 = what.key_sha256)}</li>
            <li>{t!(ground.d_probes, n = format::count(what.probes))}</li>
            <li>{t!(ground.d_comparisons, n = format::count(what.comparisons))}</li>
            <li>{t!(ground.d_templates, n = format::count(what.templates))}</li>
            <li>{t!(ground.declared)} ": " {format::list(&declared)}</li>
        </ul>
    }
    .into_any()
}

fn end_dialog(open: RwSignal<bool>, id: CampaignId, name: String, ground: Loader<Ground>) -> AnyView {
    dialog::dialog(
        open,
        t!(ground.end),
        || (),
        move || {
            let (typed, attempt) = (RwSignal::new(String::new()), Attempt::new());
            let wanted = name.clone();
            let submit = move || {
                attempt.run(api_client::law::end(id, typed.get_untracked()), move |now| {
                    open.set(false);
                    ground.put(now);
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p>{t!(ground.end_note, name = name.clone())}</p>
                    {field::text("end-name", t!(ground.end_name), "text", typed)}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || typed.get().trim() != wanted>{t!(ground.end)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

/// What the parts of a notice are called, in the order of [`NoticeText::parts`].
fn notice_labels() -> [Text; 7] {
    [
        t!(ground.contact),
        t!(ground.purpose),
        t!(ground.method),
        t!(ground.kinds),
        t!(ground.retention),
        t!(ground.necessity),
        t!(ground.rights),
    ]
}

fn notices(found: &Ground, ground: Loader<Ground>) -> AnyView {
    let publishing = RwSignal::new(false);
    let may = state().may(Right::ManageCampaigns) && !found.is_ending && found.closed.is_none();
    let newest = found.notices.first().cloned();
    let none = newest.is_none();
    let earlier: Vec<_> = found.notices.iter().skip(1).map(one_notice).collect();
    let text = newest.as_ref().map(|notice| notice.text.clone());
    view! {
        <section>
            <h2>{t!(ground.notice)}</h2>
            {match &newest {
                Some(notice) => one_notice(notice),
                None => notice::empty(t!(ground.no_notice), t!(ground.no_notice_how)),
            }}
            {(!earlier.is_empty()).then(|| view! { <details><summary>{t!(ground.earlier)}</summary>{earlier.into_iter().collect_view()}</details> })}
            {may.then(|| view! {
                <div class="actions"><button type="button" class:primary=none on:click=move |_| publishing.set(true)>
                    {if none { t!(ground.publish) } else { t!(ground.publish_next) }}</button></div>
            })}
            {publish_dialog(publishing, found.campaign, text, ground)}
        </section>
    }
    .into_any()
}

fn one_notice(notice: &Notice) -> AnyView {
    let parts = notice.text.parts().into_iter().zip(notice_labels());
    view! {
        <p class="dim">{t!(ground.version, n = notice.version, at = when(notice.at), by = notice.by)}</p>
        <dl class="told">{parts.map(|((_, text), label)| view! { <dt>{label}</dt><dd>{text.to_owned()}</dd> }).collect_view()}</dl>
    }
    .into_any()
}

fn publish_dialog(
    open: RwSignal<bool>,
    id: CampaignId,
    before: Option<NoticeText>,
    ground: Loader<Ground>,
) -> AnyView {
    const IDS: [&str; 7] = [
        "notice-contact",
        "notice-purpose",
        "notice-method",
        "notice-kinds",
        "notice-retention",
        "notice-necessity",
        "notice-rights",
    ];
    dialog::dialog(
        open,
        t!(ground.publish),
        || (),
        move || {
            let texts = before
                .as_ref()
                .map_or([""; 7], |text| text.parts().map(|(_, part)| part))
                .map(|part| RwSignal::new(part.to_owned()));
            let attempt = Attempt::new();
            let submit = move || {
                let [contact, purpose, method, kinds, retention, necessity, rights] =
                    texts.map(|text| text.get_untracked());
                let text = NoticeText { contact, purpose, method, kinds, retention, necessity, rights };
                attempt.run(async move { api_client::law::publish(id, &text).await }, move |_| {
                    open.set(false);
                    ground.again();
                });
            };
            let empty = move || texts.iter().any(|text| text.get().trim().chars().count() < 2);
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p class="dim">{t!(ground.publish_note)}</p>
                    {IDS.into_iter().zip(notice_labels()).zip(texts).map(|((id, label), text)| field::lines(id, label, 2, text)).collect_view()}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || empty()>{t!(ground.publish)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

/// What the parts of an assessment are called, in the order of [`AssessmentText::parts`].
fn assessment_labels() -> [Text; 4] {
    [t!(ground.a_necessity), t!(ground.a_impact), t!(ground.a_risk), t!(ground.a_measures)]
}

fn assessments(found: &Ground, ground: Loader<Ground>) -> AnyView {
    let (assessing, id) = (RwSignal::new(false), found.campaign);
    let may = state().may(Right::ManageCampaigns)
        && !found.notices.is_empty()
        && !found.is_ending
        && found.closed.is_none();
    let needed = found.bar.is_some_and(|bar| matches!(bar, Bar::NoAssessment | Bar::AssessmentOutdated));
    let list = found.assessments.iter().map(|one| one_assessment(id, one, ground));
    view! {
        <section>
            <h2>{t!(ground.assessment)}</h2>
            {if found.assessments.is_empty() {
                notice::empty(t!(ground.no_assessment), t!(ground.no_assessment_how))
            } else {
                list.collect_view().into_any()
            }}
            {may.then(|| view! {
                <div class="actions"><button type="button" class:primary=needed on:click=move |_| assessing.set(true)>{t!(ground.assess)}</button></div>
            })}
            {assess_dialog(assessing, id, ground)}
        </section>
    }
    .into_any()
}

fn one_assessment(id: CampaignId, one: &Assessment, ground: Loader<Ground>) -> AnyView {
    let number = one.number;
    let signing = RwSignal::new(false);
    let stand = match &one.signed {
        Some(signed) if one.holds => {
            mark::mark(Status::Ok, t!(ground.signed, by = signed.by, at = when(signed.at)))
        }
        Some(_) => mark::mark(Status::Attention, t!(ground.outdated)),
        None => mark::mark(Status::Waiting, t!(ground.unsigned)),
    };
    let parts = one.text.iter().flat_map(|text| text.parts().into_iter().zip(assessment_labels()));
    let may_sign = one.signed.is_none() && state().may(Right::SignAssessments);
    view! {
        <article class="panel">
            <h3>{t!(ground.number, n = number, v = one.notice)}</h3>
            <p>{stand} " " <span class="dim">{t!(ground.written, by = one.by, at = when(one.at))}</span></p>
            <dl class="told">
                {parts.map(|((_, text), label)| view! { <dt>{label}</dt><dd>{text.to_owned()}</dd> }).collect_view()}
                <dt>{t!(ground.digest)}</dt><dd class="digits">{one.digest.clone()}</dd>
            </dl>
            <div class="actions">
                {one.has_document.then(|| view! { <a class="button" href=api_client::law::document_url(id, number) download="assessment.pdf">{t!(ground.download)}</a> })}
                {may_sign.then(|| view! { <button type="button" class="primary" on:click=move |_| signing.set(true)>{t!(ground.sign)}</button> })}
            </div>
            {sign_dialog(signing, id, number, ground)}
        </article>
    }
    .into_any()
}

fn sign_dialog(open: RwSignal<bool>, id: CampaignId, number: u32, ground: Loader<Ground>) -> AnyView {
    dialog::dialog(
        open,
        t!(ground.sign),
        || (),
        move || {
            let (password, attempt) = (RwSignal::new(String::new()), Attempt::new());
            let submit = move || {
                attempt.run(api_client::law::sign(id, number, password.get_untracked()), move |_| {
                    open.set(false);
                    ground.again();
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p class="dim">{t!(ground.sign_note)}</p>
                    {field::text("sign-password", t!(ground.password), "password", password)}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || password.get().is_empty()>{t!(ground.sign)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

fn assess_dialog(open: RwSignal<bool>, id: CampaignId, ground: Loader<Ground>) -> AnyView {
    const IDS: [&str; 4] =
        ["assessment-necessity", "assessment-impact", "assessment-risk", "assessment-measures"];
    dialog::dialog(
        open,
        t!(ground.assess),
        || (),
        move || {
            let texts = [(); 4].map(|()| RwSignal::new(String::new()));
            let file = RwSignal::new(Stand::Empty);
            let attempt = Attempt::new();
            let draft = move || {
                let parts = texts.map(|text| text.get().trim().to_owned());
                let is_empty = parts.iter().all(String::is_empty);
                let is_whole = parts.iter().all(|part| part.chars().count() > 1);
                let [necessity, impact, risk, measures] = parts;
                let text = is_whole.then_some(AssessmentText { necessity, impact, risk, measures });
                let document = match file.get() {
                    Stand::Kept(upload) => Some(upload.id),
                    _ => None,
                };
                ((is_whole || is_empty) && (text.is_some() || document.is_some()))
                    .then_some(NewAssessment { text, document })
            };
            let submit = move || {
                let Some(new) = untrack(draft) else { return };
                attempt.run(async move { api_client::law::assess(id, &new).await }, move |_| {
                    open.set(false);
                    ground.again();
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    {IDS.into_iter().zip(assessment_labels()).zip(texts).map(|((id, label), text)| field::lines(id, label, 3, text)).collect_view()}
                    {upload::place("assessment-file", t!(ground.document), t!(ground.document_hint), ".pdf", file)}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || draft().is_none()>{t!(ground.assess)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

/// Who agreed.
fn consents(id: CampaignId, ground: Loader<Ground>) -> AnyView {
    let (offset, barred) = (pager::offset(), router::query("barred"));
    let rows = Loader::new(move || api_client::law::consents(id, barred.get(), offset.get(), LIMIT));
    let recording = RwSignal::new(false);
    let may = state().may(Right::RecordConsents);
    let version =
        Memo::new(move |_| ground.get().and_then(|found| found.notices.first().map(|notice| notice.version)));
    let tab = move |value: &'static str, text: Text| {
        view! {
            <button type="button" role="tab" aria-selected=move || (barred.get() == value).to_string()
                on:click=move |_| router::set_query(&[("barred", value), ("offset", "")])>{text}</button>
        }
    };
    let again = move || {
        rows.again();
        ground.again();
    };
    view! {
        <section>
            <h2>{t!(ground.consents)}</h2>
            {ground.show_quietly(move |found| figure::figures(vec![
                figure::figure(t!(ground.agreed), format::count(found.consents.agreed)),
                figure::figure(t!(ground.none), format::count(found.consents.none)),
                figure::figure(t!(ground.ask_again), format::count(found.consents.ask_again)),
                figure::figure(t!(ground.withdrawn), format::count(found.consents.withdrawn)),
            ]))}
            <div class="tabs" role="tablist">
                {tab("", t!(ground.all))}{tab("true", t!(ground.only_barred))}{tab("false", t!(ground.only_agreed))}
            </div>
            {move || version.get().filter(|_| may).map(|version| view! {
                <div class="actions"><button type="button" on:click=move |_| recording.set(true)>{t!(ground.record)}</button></div>
                {record_dialog(recording, id, version, again)}
            })}
            {rows.show(move |part| {
                if part.total == 0 {
                    return notice::empty(t!(ground.nobody), t!(ground.nobody_how));
                }
                view! {
                    <div class="scroll"><table class="dense rows">
                        <thead><tr><th>{i18n::label("name")}</th><th>{i18n::label("student_number")}</th><th>{i18n::label("class")}</th>
                            <th>{t!(ground.state)}</th><th>{t!(ground.given)}</th><th><span class="sr-only">{t!(settings.actions)}</span></th></tr></thead>
                        <tbody>{part.items.iter().map(|one| row(id, one, again)).collect_view()}</tbody>
                    </table></div>
                    {pager::pager(offset.get_untracked(), LIMIT, part.total)}
                }
                .into_any()
            })}
        </section>
    }
    .into_any()
}

fn row(id: CampaignId, one: &ConsentRow, again: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let person = one.person;
    let (withdrawing, checking) = (Attempt::new(), RwSignal::new(false));
    let stand = match one.bar {
        None => mark::mark(Status::Ok, t!(ground.may)),
        Some(Bar::NoConsent) => mark::mark(Status::Waiting, i18n::name_of(words::reason, Bar::NoConsent)),
        Some(bar) => mark::mark(Status::Attention, i18n::name_of(words::reason, bar)),
    };
    let given = one
        .consent
        .as_ref()
        .map(|consent| format!("{} · {}", consent.given, i18n::name_of(words::means, consent.means)));
    let stands = one.consent.as_ref().is_some_and(|consent| consent.withdrawn.is_none());
    let may_withdraw = stands && state().may(Right::RecordConsents);
    let may_check = one.bar.is_some() && state().may(Right::Compare);
    view! {
        <tr>
            <td class="name private">{one.name.clone()}</td><td class="digits private">{one.student_number.clone()}</td>
            <td>{one.class.clone()}</td><td>{stand}{withdrawing.refusal()}</td><td class="digits">{given}</td>
            <td>
                {may_withdraw.then(|| view! {
                    <button type="button" title=t!(ground.withdraw_note) disabled=move || withdrawing.busy()
                        on:click=move |_| withdrawing.run(api_client::law::withdraw(id, person), move |_| {
                            state().tell(t!(ground.is_withdrawn));
                            again();
                        })>{t!(ground.withdraw)}</button>
                })}
                {may_check.then(|| view! {
                    <button type="button" on:click=move |_| checking.set(true)>{t!(hand.title)}</button>
                    {hand_check::dialog(checking, person)}
                })}
            </td>
        </tr>
    }
    .into_any()
}

fn record_dialog(
    open: RwSignal<bool>,
    id: CampaignId,
    version: u32,
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    dialog::dialog(
        open,
        t!(ground.record),
        || (),
        move || {
            let (people, means) = (RwSignal::new(String::new()), RwSignal::new("paper".to_owned()));
            let given = RwSignal::new(api::school::day(now()).to_string());
            let (attempt, outcome) = (Attempt::new(), RwSignal::new(None::<ConsentsRecorded>));
            let options = [Means::Paper, Means::Screen]
                .map(|one| (i18n::code_of(one), i18n::name_of(words::means, one)))
                .to_vec();
            let draft = move || {
                let people: Vec<_> = people.get().lines().filter_map(agreed).collect();
                let means = if means.get() == "screen" { Means::Screen } else { Means::Paper };
                let given = given.get().parse().ok()?;
                (!people.is_empty()).then_some(NewConsents { notice: version, means, given, people })
            };
            let submit = move || {
                let Some(new) = untrack(draft) else { return };
                outcome.set(None);
                attempt.run(async move { api_client::law::record(id, &new).await }, move |recorded| {
                    state().tell(t!(ground.recorded, n = format::count(recorded.recorded)));
                    again();
                    if recorded.refused.is_empty() { open.set(false) } else { outcome.set(Some(recorded)) }
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p class="dim">{t!(ground.record_note)}</p>
                    {field::lines("consent-people", t!(ground.people), 6, people)}
                    <div class="form-grid">
                        {field::choice("consent-means", t!(ground.means), means, options)}
                        {field::text("consent-given", t!(ground.given), "date", given)}
                    </div>
                    {attempt.refusal()}
                    {move || outcome.get().map(|recorded| not_recorded(&recorded))}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || draft().is_none()>{t!(ground.record)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}

fn not_recorded(recorded: &ConsentsRecorded) -> AnyView {
    let lines = recorded.refused.iter().map(|one| {
        let why = i18n::name_of(words::reason, one.reason);
        view! { <li>{t!(ground.line, n = one.place + 1, why = why)}</li> }
    });
    view! { <div role="alert"><p>{mark::mark(Status::Attention, t!(ground.not_recorded))}</p><ul>{lines.collect_view()}</ul></div> }
        .into_any()
}

/// Reads a line: a student number, and behind it the guardian's name and relationship.
fn agreed(line: &str) -> Option<Agreed> {
    let mut parts = line.split([',', '，', '\t']).map(str::trim);
    let number = parts.next().filter(|number| !number.is_empty())?.to_owned();
    let guardian = match (parts.next(), parts.next()) {
        (Some(name), Some(relationship)) => {
            Some(Guardian { name: name.to_owned(), relationship: relationship.to_owned() })
        }
        _ => None,
    };
    Some(Agreed { person: None, student_number: Some(number), guardian })
}

/// The count of faces in use, for the page of supervision.
pub(crate) fn count() -> AnyView {
    let count = Loader::new(api_client::law::count);
    count.show_quietly(|count| {
        let (people, limit) = (format::count(count.total()), format::count(count.file_at));
        let (status, text) = if count.total() >= count.file_at {
            (Status::Stop, Some(t!(ground.count_file, limit = limit)))
        } else if count.total() >= count.attention_at {
            (Status::Attention, Some(t!(ground.count_attention, limit = limit)))
        } else {
            (Status::Ok, None)
        };
        view! {
            <section>
                <h2>{t!(ground.count)}</h2>
                <p>{mark::mark(status, t!(ground.count_of, n = people, limit = limit))}</p>
                {text.map(|text| view! { <p>{text}</p> })}
            </section>
        }
    })
}
