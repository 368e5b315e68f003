//! Where is this person's record?

use crate::prelude::*;
use api::Right;
use api::ids::PersonId;
use api::search::{Facet, Hit, Match, Renewal, SearchQuery, SearchResults};

use crate::api_client;
use crate::browser;
use crate::components::{
    loader::Loader,
    mark::{self, Status},
    notice, pager, photo, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::pages::copies;
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

/// How many hits a part of the list has.
const LIMIT: u32 = 50;

/// The facets by which a search can be narrowed.
const FACETS: [&str; 6] = ["year", "college", "major", "class", "photo_state", "delivery"];

/// What the address asks for.
fn asked() -> Memo<SearchQuery> {
    Memo::new(|_| {
        state().address.with(|address| {
            let text = |name: &str| address.query.get(name).filter(|value| !value.is_empty()).cloned();
            SearchQuery {
                q: text("q").unwrap_or_default(),
                college: text("college"),
                major: text("major"),
                class: text("class"),
                year: text("year").and_then(|year| year.parse().ok()),
                photo_state: text("photo_state"),
                delivery: text("delivery").and_then(|id| id.parse().ok()),
                sort: text("sort"),
                offset: text("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0),
                limit: LIMIT,
            }
        })
    })
}

fn asks_anything(query: &SearchQuery) -> bool {
    let narrowed =
        [&query.college, &query.major, &query.class, &query.photo_state].into_iter().any(Option::is_some);
    !query.q.trim().is_empty() || narrowed || query.year.is_some() || query.delivery.is_some()
}

/// The page.
pub(crate) fn page() -> AnyView {
    let asked = asked();
    let found = Loader::new(move || {
        let query = asked.get();
        async move {
            if asks_anything(&query) { api_client::people::search(&query).await.map(Some) } else { Ok(None) }
        }
    });
    let at = selected();
    let wall = router::query("view");
    let asking = RwSignal::new(false);
    keys(found, at, wall);
    Effect::new(move |_| {
        if found.get().flatten().is_some() {
            browser::scroll_to(&format!("hit-{}", at.get_untracked()));
        }
    });
    view! {
        <div class="find">
            <h1 class="sr-only">{t!(rail.find)}</h1>
            <aside class="facets" id="facets" tabindex="-1" aria-label=t!(find.facets)>
                {found.show_quietly(move |found| found.map_or_else(|| ().into_any(), |found| facets(&found, &asked.get())))}
            </aside>
            <section class="results" id="results" tabindex="-1" aria-label=t!(find.results)>
                {chosen_facets(asked)}
                {found.show(move |found| match found {
                    None => notice::empty(t!(find.begin), t!(find.begin_how)),
                    Some(found) => results(&found, asked.get_untracked().offset, at, wall, asking),
                })}
            </section>
            {copies::ask_dialog(asking, asked, move || found.now().flatten().map_or(0, |found| found.total))}
            <aside class="inspector" aria-label=t!(find.inspector)>
                {move || {
                    let hit = found.get().flatten().and_then(|found| hit_at(&found, at.get()));
                    hit.map(|hit| inspector(&hit))
                }}
            </aside>
        </div>
    }
    .into_any()
}

/// Which hit is selected, counted over exact and homophone ones.
fn selected() -> Memo<usize> {
    let text = router::query("at");
    Memo::new(move |_| text.get().parse().unwrap_or(0))
}

fn hit_at(found: &SearchResults, at: usize) -> Option<Hit> {
    found.exact.iter().chain(&found.pinyin).nth(at).cloned()
}

fn keys(found: Loader<Option<SearchResults>>, at: Memo<usize>, wall: Memo<String>) {
    let move_to = move |to: usize| {
        let hits = found.now().flatten().map_or(0, |found| found.exact.len() + found.pinyin.len());
        let to = to.min(hits.saturating_sub(1));
        let place = if to == 0 { String::new() } else { to.to_string() };
        router::set_query(&[("at", &place)]);
        browser::scroll_to(&format!("hit-{to}"));
        true
    };
    browser::on_key(move |key, _| match key {
        "ArrowDown" => move_to(at.get_untracked().saturating_add(1)),
        "ArrowUp" => move_to(at.get_untracked().saturating_sub(1)),
        "Enter" => match found.now().flatten().and_then(|found| hit_at(&found, at.get_untracked())) {
            Some(hit) => {
                open(hit.person);
                true
            }
            None => false,
        },
        "f" => {
            browser::focus("facets");
            true
        }
        "w" => {
            turn_wall(&wall.get_untracked());
            true
        }
        "Escape" => {
            browser::focus("results");
            true
        }
        _ => false,
    });
}

fn open(person: PersonId) {
    router::go(&format!("/persons/{person}"));
}

fn turn_wall(now: &str) {
    router::set_query(&[("view", if now == "wall" { "" } else { "wall" })]);
}

/// The facets that narrow the view, each with the way to lift it.
fn chosen_facets(asked: Memo<SearchQuery>) -> AnyView {
    let chips = move || {
        let query = serde_json::to_value(asked.get()).unwrap_or_default();
        FACETS
            .into_iter()
            .filter_map(|field| {
                let value = query.get(field)?;
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let text = format!("{}: {} ×", i18n::field(field), facet_word(field, &value));
                Some(view! {
                    <button type="button" class="chip chosen" on:click=move |_| router::set_query(&[(field, ""), ("at", ""), ("offset", "")])>{text}</button>
                })
            })
            .collect_view()
    };
    view! { <div class="chips">{chips}</div> }.into_any()
}

fn facet_word(field: &str, value: &str) -> String {
    match field {
        "photo_state" => i18n::worded(words::photo_state, value),
        "delivery" => subject::name(value),
        _ => value.to_owned(),
    }
}

fn facets(found: &SearchResults, asked: &SearchQuery) -> AnyView {
    let asked = serde_json::to_value(asked).unwrap_or_default();
    let one = |facet: &Facet| {
        let field = FACETS.into_iter().find(|field| *field == facet.field)?;
        if facet.values.is_empty() {
            return None;
        }
        let chosen = asked.get(field).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        let values = facet.values.iter().take(12).map(|value| {
            let is_chosen = chosen.as_deref() == Some(&*value.value);
            let next = if is_chosen { String::new() } else { value.value.clone() };
            view! {
                <li><button type="button" class="facet" aria-pressed=is_chosen.to_string()
                    on:click=move |_| router::set_query(&[(field, &next), ("at", ""), ("offset", "")])>
                    <span>{facet_word(field, &value.value)}</span><span class="dim">{format::count(value.count)}</span>
                </button></li>
            }
        });
        Some(view! { <h2>{i18n::label(field)}</h2> <ul>{values.collect_view()}</ul> }.into_any())
    };
    let all: Vec<_> = FACETS
        .iter()
        .filter_map(|field| found.facets.iter().find(|f| f.field == *field))
        .filter_map(one)
        .collect();
    view! { <details class="facet-fold" open=browser::matches_media("(min-width: 1000px)")><summary>{t!(find.facets)}</summary>{all}</details> }.into_any()
}

fn results(
    found: &SearchResults,
    offset: u32,
    at: Memo<usize>,
    wall: Memo<String>,
    asking: RwSignal<bool>,
) -> AnyView {
    let exact = found.exact.clone();
    let pinyin = found.pinyin.clone();
    let (exact_count, total) = (exact.len(), found.total);
    let sort = router::query("sort");
    let sorts = ["relevance", "name", "student_number", "class"];
    view! {
        <div class="list-head">
            <p role="status" aria-live="polite">{t!(find.found, n = format::count(total))}
                <span class="dim">" · " {took(found.took_us)}</span></p>
            <label class="inline-field"><span>{t!(find.sort)}</span>
                <select on:change:target=move |event| router::set_query(&[("sort", &event.target().value()), ("at", "")])>
                    {sorts.into_iter().map(|s| view! {
                        <option value=if s == "relevance" { "" } else { s } selected=move || sort.get() == s>{i18n::worded(words::sort, s)}</option>
                    }).collect_view()}
                </select>
            </label>
            <button type="button" class="quiet" aria-pressed=move || (wall.get() == "wall").to_string()
                on:click=move |_| turn_wall(&wall.get_untracked())>{t!(find.wall)} " " <kbd>"w"</kbd></button>
            {(total > 0 && state().may(Right::AskCopies)).then(|| view! {
                <button type="button" class="quiet" on:click=move |_| asking.set(true)>{t!(copies.ask)}</button>
            })}
        </div>
        {found.renewal.map(renewal)}
        {(total == 0).then(|| nothing_exact(found))}
        {shown(exact, 0, at, wall)}
        {(total > 0).then(|| pager::pager(offset, LIMIT, total))}
        {(!pinyin.is_empty()).then(|| view! { <h2>{t!(find.pinyin)}</h2> <p class="dim">{t!(find.pinyin_why)}</p> })}
        {shown(pinyin, exact_count, at, wall)}
    }
    .into_any()
}

/// That the index which answered is an older one, and how far its successor is.
fn renewal(renewal: Renewal) -> AnyView {
    let text = match renewal.total {
        0 => t!(find.to_be_renewed).to_string(),
        total => t!(find.renewing, done = format::count(renewal.done), total = format::count(total)),
    };
    view! { <p class="aside">{mark::mark(Status::Waiting, text)}</p> }.into_any()
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn took(us: u64) -> String {
    format!("{} ms", format::fixed(us as f64 / 1000.0, 1))
}

/// No exact hit: what was tried, and numbers that differ in one digit.
fn nothing_exact(found: &SearchResults) -> AnyView {
    let tried: Vec<_> = found.tried.iter().map(|way| i18n::worded(i18n::words::tried, way)).collect();
    view! {
        <div class="empty">
            <p class="empty-what">{t!(find.none)}</p>
            <p>{t!(find.tried, fields = format::list(&tried))}</p>
            {(!found.suggestions.is_empty()).then(|| view! {
                <p>{t!(find.suggestions)}</p>
                <div class="chips">{found.suggestions.iter().cloned().map(|number| {
                    let words = number.clone();
                    view! { <button type="button" class="chip private" on:click=move |_| router::set_query(&[("q", &words), ("at", "")])>{number}</button> }
                }).collect_view()}</div>
            })}
        </div>
    }
    .into_any()
}

fn shown(hits: Vec<Hit>, first: usize, at: Memo<usize>, wall: Memo<String>) -> AnyView {
    if hits.is_empty() {
        return ().into_any();
    }
    (move || if wall.get() == "wall" { photo_wall(&hits, first, at) } else { list(&hits, first, at) })
        .into_any()
}

fn list(hits: &[Hit], first: usize, at: Memo<usize>) -> AnyView {
    let rows = hits.iter().enumerate().map(|(i, hit)| {
        let n = first + i;
        let person = hit.person;
        view! {
            <tr id=format!("hit-{n}") class:selected=move || at.get() == n
                on:click=move |_| router::set_query(&[("at", &n.to_string())])
                on:dblclick=move |_| open(person)>
                <td class="name private"><a href=format!("/persons/{person}")>{highlighted(hit, "name", &hit.name)}</a></td>
                <td class="digits private">{highlighted(hit, "student_number", &hit.student_number)}</td>
                <td class="wide-only">{highlighted(hit, "college", &hit.college)}</td>
                <td class="wide-only">{highlighted(hit, "major", &hit.major)}</td>
                <td>{highlighted(hit, "class", &hit.class)}</td>
                <td class="number wide-only">{hit.year.map(|year| year.to_string())}</td>
                <td class="wide-only">{i18n::worded(words::photo_state, &hit.photo_state)}</td>
            </tr>
            {other_match(hit)}
        }
    });
    view! {
        <table class="dense rows found">
            <thead><tr>
                <th>{i18n::label("name")}</th><th>{i18n::label("student_number")}</th><th class="wide-only">{i18n::label("college")}</th>
                <th class="wide-only">{i18n::label("major")}</th><th>{i18n::label("class")}</th>
                <th class="number wide-only">{i18n::label("year")}</th><th class="wide-only">{i18n::label("photos")}</th>
            </tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

/// A match in a field that the row does not show.
fn other_match(hit: &Hit) -> Option<AnyView> {
    const SHOWN: [&str; 5] = ["name", "student_number", "college", "major", "class"];
    let found = hit.matches.iter().find(|m| !SHOWN.contains(&&*m.field))?;
    Some(
        view! {
            <tr class="matched"><td colspan="7"><span class="dim">{i18n::worded(words::field, &found.field)} " "</span>
                <span class="private">{marked(found)}</span></td></tr>
        }
        .into_any(),
    )
}

fn photo_wall(hits: &[Hit], first: usize, at: Memo<usize>) -> AnyView {
    let asks = session::lacks_purpose();
    let cards = hits.iter().enumerate().map(|(i, hit)| {
        let n = first + i;
        view! {
            <li id=format!("hit-{n}") class:selected=move || at.get() == n>
                <a href=format!("/persons/{}", hit.person)>
                    {photo::kept(hit.photo, "thumb", t!(find.photo_of))}
                    <span class="name private">{hit.name.clone()}</span>
                    <span class="dim">{hit.class.clone()}</span>
                </a>
            </li>
        }
    });
    view! {
        {move || asks.get().then(|| view! {
            <p class="aside">{t!(find.wall_purpose)} " " {session::ask_button()}</p>
        })}
        <ul class="wall">{cards.collect_view()}</ul>
    }
    .into_any()
}

/// A shown field with its matched parts marked.
fn highlighted(hit: &Hit, field: &str, text: &str) -> AnyView {
    match hit.matches.iter().find(|m| m.field == field && m.text == text) {
        Some(found) => marked(found),
        None => text.to_owned().into_any(),
    }
}

/// A matched text with its parts marked.
fn marked(found: &Match) -> AnyView {
    let letters: Vec<char> = found.text.chars().collect();
    let mut parts = Vec::new();
    let mut from = 0;
    let slice =
        |from: usize, to: usize| letters.iter().skip(from).take(to.saturating_sub(from)).collect::<String>();
    for (start, end) in &found.ranges {
        let (start, end) = (*start as usize, *end as usize);
        parts.push(slice(from, start).into_any());
        parts.push(view! { <mark>{slice(start, end)}</mark> }.into_any());
        from = end;
    }
    parts.push(slice(from, letters.len()).into_any());
    parts.into_any()
}

fn inspector(hit: &Hit) -> AnyView {
    let person = hit.person;
    view! {
        {photo::kept_or_ask(hit.photo, t!(find.photo_of))}
        <h2 class="name private">{hit.name.clone()}</h2>
        <dl class="facts">
            <div class="fact"><dt>{i18n::label("student_number")}</dt><dd class="digits private">{hit.student_number.clone()}</dd></div>
            <div class="fact"><dt>{i18n::label("college")}</dt><dd>{hit.college.clone()}</dd></div>
            <div class="fact"><dt>{i18n::label("major")}</dt><dd>{hit.major.clone()}</dd></div>
            <div class="fact"><dt>{i18n::label("class")}</dt><dd>{hit.class.clone()}</dd></div>
            <div class="fact"><dt>{i18n::label("photos")}</dt><dd>{i18n::worded(words::photo_state, &hit.photo_state)}</dd></div>
        </dl>
        {(!hit.matches.is_empty()).then(|| view! {
            <p class="dim">{t!(find.matched, fields = format::list(&hit.matches.iter().map(|m| i18n::worded(words::field, &m.field)).collect::<Vec<_>>()))}</p>
        })}
        <div class="actions">
            {state().may(api::Right::ReadDossier).then(|| view! { <a class="button primary" href=format!("/persons/{person}")>{t!(find.open)} " " <kbd>"Enter"</kbd></a> })}
            {state().may(api::Right::Compare).then(|| view! { <a class="button" href=format!("/desk/{person}")>{t!(find.to_desk)}</a> })}
            {state().may(api::Right::ReadDossier).then(|| view! { <a class="button" href=format!("/persons/{person}/uses")>{t!(uses.of_person)}</a> })}
        </div>
    }
    .into_any()
}
