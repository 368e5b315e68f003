//! 四性检测: what does the check of DA/T 70 say, item by item?

use crate::prelude::*;
use api::Right;
use api::appraisal::{Appraisal, AppraisalFault, AppraisalReport, Appraise, AppraisedItem};
use api::ids::{AppraisalId, DeliveryId};

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    figure, job,
    loader::Loader,
    mark::{self, Status},
    notice, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::state::state;
use crate::t;

/// The four properties, in the order of the standard.
const PROPERTIES: [&str; 4] = ["authenticity", "integrity", "usability", "safety"];

/// The reports there are of a delivery or of anything, newest first, and the way to another.
pub(crate) fn section(delivery: Option<DeliveryId>) -> AnyView {
    let reports = Loader::new(move || api_client::archive::appraisals(delivery));
    live::on_change(&["archive"], move || reports.again());
    let running = RwSignal::new(None);
    let attempt = Attempt::new();
    let start = move |_| {
        attempt.run(api_client::archive::appraise(Appraise { delivery, object: None }), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
        });
    };
    view! {
        <section>
            <header class="page-head"><h2>{t!(appraisal.title)}</h2>
                {state().may(Right::AppraiseArchive).then(|| view! {
                    <div class="actions"><button type="button" disabled=move || attempt.busy() on:click=start>{if delivery.is_some() { t!(appraisal.start_delivery) } else { t!(appraisal.start) }}</button></div>
                })}
            </header>
            <p>{t!(appraisal.what)}</p>
            {attempt.refusal()}
            {move || running.get().map(|id| {
                let followed = job::follow(id);
                job::when_over(followed, move |_| reports.again());
                view! { <div class="panel">{job::here(followed)}</div> }
            })}
            {reports.show(|reports| list(&reports))}
        </section>
    }
    .into_any()
}

fn list(reports: &[Appraisal]) -> AnyView {
    if reports.is_empty() {
        return notice::empty(t!(appraisal.none), t!(appraisal.none_how));
    }
    view! {
        <div class="scroll"><table class="dense stack">
            <thead><tr><th>{t!(common.when)}</th><th>{t!(common.subject)}</th><th>{t!(appraisal.stage)}</th><th>{t!(appraisal.result)}</th></tr></thead>
            <tbody>{reports.iter().map(|report| view! {
                <tr>
                    <td><a href=format!("/archive/appraisals/{}", report.id)>{format::local_time(report.ended)}</a></td>
                    <td>{about(&report.subject)}</td>
                    <td>{i18n::worded(words::appraisal_environment, &report.environment)}</td>
                    <td>{result(report)}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn about(id: &str) -> AnyView {
    if id == "archive" { t!(appraisal.whole).into_any() } else { subject::link(id) }
}

/// The result of the whole, never without how many items could not be tested.
fn result(report: &Appraisal) -> AnyView {
    let (passed, untested) = (format::count(report.passed), format::count(report.not_testable));
    if report.has_passed() {
        return mark::mark(Status::Ok, t!(appraisal.passed, passed = passed, untested = untested));
    }
    let (failed, vetoes) = (format::count(report.failed), format::count(report.vetoes));
    let text = t!(appraisal.failed, failed = failed, vetoes = vetoes, passed = passed, untested = untested);
    mark::mark(Status::Stop, text)
}

/// One report.
pub(crate) fn page(id: AppraisalId) -> AnyView {
    let report = Loader::new(move || api_client::archive::appraisal(id));
    view! {
        <p class="crumb no-print"><a href="/archive">{t!(rail.archive)}</a></p>
        {report.show(|report| full(&report))}
    }
    .into_any()
}

fn full(report: &AppraisalReport) -> AnyView {
    let appraisal = &report.appraisal;
    let id = appraisal.id;
    let sections = PROPERTIES.iter().map(|property| {
        let items: Vec<_> = report.items.iter().filter(|item| item.property == *property).collect();
        view! { <section><h2>{i18n::worded(words::appraisal_property, property)}</h2>{table(&items)}</section> }
    });
    view! {
        <header class="page-head">
            <div><h1>{t!(appraisal.title)}</h1>
                <p>{about(&appraisal.subject)} " " <span class="dim">{i18n::worded(words::appraisal_environment, &appraisal.environment)} " · " {format::local_time(appraisal.ended)} " · " {subject::actor(&appraisal.by)}</span></p></div>
            <a class="button no-print" target="_blank" href=move || api_client::url(&format!("/archive/appraisals/{id}/report.pdf?lang={}", i18n::paper_language()))>{t!(appraisal.print)}</a>
        </header>
        <p class="lead">{result(appraisal)}</p>
        {figure::figures(vec![
            figure::figure(t!(appraisal.objects), format::count(appraisal.objects)),
            figure::figure(t!(appraisal.files), format::count(report.files)),
            figure::figure(t!(appraisal.bytes), format::size(report.bytes)),
        ])}
        {sections.collect_view()}
        <dl class="facts">
            {figure::fact(t!(appraisal.scheme), &*report.scheme, false)}
            {figure::fact(t!(appraisal.sha256), &*appraisal.sha256, false)}
        </dl>
    }
    .into_any()
}

fn table(items: &[&AppraisedItem]) -> AnyView {
    view! {
        <div class="scroll"><table class="dense appraised stack">
            <thead><tr><th>{t!(appraisal.number)}</th><th>{t!(appraisal.item)}</th><th>{t!(appraisal.about)}</th><th>{t!(appraisal.result)}</th>
                <th class="number">{t!(appraisal.looked)}</th><th>{t!(appraisal.remarks)}</th><th>{t!(appraisal.basis)}</th></tr></thead>
            <tbody>{items.iter().map(|item| row(item)).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(item: &AppraisedItem) -> AnyView {
    let status = match item.verdict.as_str() {
        "passed" => Status::Ok,
        "failed" => Status::Stop,
        _ => Status::Waiting,
    };
    let veto = item.veto && item.verdict == "failed";
    view! {
        <tr>
            <td>{item.number.clone()}</td>
            <td class="wide">{i18n::worded(words::appraisal_item, &item.item)}<br/><span class="dim">{i18n::worded(words::appraisal_purpose, &item.item)}</span></td>
            <td>{i18n::worded(words::appraisal_about, &item.about)}</td>
            <td>{mark::mark(status, i18n::worded(words::appraisal_verdict, &item.verdict))} {veto.then(|| view! { <br/><strong>{t!(appraisal.veto)}</strong> })}</td>
            <td class="number" data-label=t!(appraisal.looked)>{format::count(item.looked_at)}</td>
            <td>{remarks(item)}</td>
            <td class="wide"><span class="dim">{item.basis.clone()}</span></td>
        </tr>
    }
    .into_any()
}

/// Why it could not be tested; or what is not as it should be; and what more there is to know.
fn remarks(item: &AppraisedItem) -> AnyView {
    let reason = item.reason.as_ref().map(|reason| i18n::worded(words::appraisal_reason, reason));
    let more = item.remarks.iter().map(|(word, figure)| {
        format!("{} {}", i18n::worded(words::appraisal_remark, word), format::count(*figure))
    });
    let told: Vec<_> = reason.into_iter().chain(more).collect();
    let shown = item.failing.len() as u64;
    let faults = (item.failed > 0).then(|| view! {
        <details><summary>{t!(appraisal.failures, failed = format::count(item.failed))}</summary>
            <ul>{item.failing.iter().map(fault).collect_view()}</ul>
            {(shown < item.failed).then(|| view! { <p class="dim">{t!(appraisal.first, n = format::count(shown))}</p> })}
        </details>
    });
    view! { {format::list(&told)} {faults} }.into_any()
}

fn fault(fault: &AppraisalFault) -> AnyView {
    view! {
        <li>{i18n::worded(words::appraisal_fault, &fault.code)} " " {fault.subject.as_deref().map(subject::link)} " " <code>{fault.place.clone()}</code></li>
    }
    .into_any()
}
