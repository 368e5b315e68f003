//! Charts drawn as SVG, each with its table one key away.

use crate::prelude::*;
use api::face::Calibration;

use crate::browser;
use crate::format;
use crate::t;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 24.0;

/// Rates below this are drawn at the axis: no campaign has pairs enough to measure them.
const LEAST_RATE: f64 = 1e-5;

/// Where a share of the horizontal axis lies, px.
fn across(share: f64) -> f64 {
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

/// Where a share of the vertical axis lies, px.
fn up(share: f64) -> f64 {
    HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - BOTTOM - TOP)
}

/// A place in a drawing, to a tenth of a pixel.
fn px(at: f64) -> String {
    format::fixed(at, 1)
}

/// A rate's place on a logarithmic axis, 0..=1.
fn log_share(rate: f64) -> f64 {
    1.0 - rate.max(LEAST_RATE).log10() / LEAST_RATE.log10()
}

/// A figure with a chart and, on `t`, its table.
fn with_table(caption: String, chart: AnyView, table: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let open = RwSignal::new(false);
    browser::on_key(move |key, _| {
        if key == "t" {
            open.update(|open| *open = !*open);
        }
        key == "t"
    });
    view! {
        <figure class="chart">
            <figcaption>{caption}</figcaption>
            {chart}
            <button type="button" class="quiet" aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)>{t!(chart.table)} " " <kbd>"t"</kbd></button>
            {move || open.get().then(&table)}
        </figure>
    }
    .into_any()
}

/// The detection error trade-off of a calibration, both axes logarithmic.
pub(crate) fn det(calibration: &Calibration) -> AnyView {
    let mut line = String::new();
    for (i, (fmr, fnmr)) in calibration.det.iter().enumerate() {
        let pen = if i == 0 { 'M' } else { 'L' };
        line.push_str(&format!("{pen}{} {}", px(across(log_share(*fmr))), px(up(log_share(*fnmr)))));
    }
    let ticks = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];
    let chart = view! {
        <svg viewBox="0 0 560 320" role="img" aria-label=t!(chart.det_alt)>
            {ticks.into_iter().map(|rate| {
                let (x, y) = (across(log_share(rate)), up(log_share(rate)));
                view! {
                    <line class="grid" x1=x x2=x y1=up(0.0) y2=up(1.0)></line>
                    <line class="grid" x1=across(0.0) x2=across(1.0) y1=y y2=y></line>
                    <text x=x y=(HEIGHT - BOTTOM + 16.0) text-anchor="middle">{format::rate(rate)}</text>
                    <text x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end">{format::rate(rate)}</text>
                }
            }).collect_view()}
            <text class="axis" x=across(0.5) y=(HEIGHT - 6.0) text-anchor="middle">{t!(chart.fmr)}</text>
            <text class="axis" transform=format!("translate(12 {}) rotate(-90)", px(up(0.5))) text-anchor="middle">{t!(chart.fnmr)}</text>
            <path class="curve" d=line></path>
            {calibration.operating_points.iter().filter_map(|point| {
                let fnmr = point.fnmr?;
                let (x, y) = (across(log_share(point.target_fmr)), up(log_share(fnmr)));
                Some(view! { <circle class="point" cx=x cy=y r="4"></circle> })
            }).collect_view()}
        </svg>
    }
    .into_any();
    let points = calibration.det.clone();
    with_table(t!(chart.det).to_string(), chart, move || {
        let step = (points.len() / 20).max(1);
        view! {
            <table class="dense">
                <thead><tr><th class="number">{t!(chart.fmr)}</th><th class="number">{t!(chart.fnmr)}</th></tr></thead>
                <tbody>{points.iter().step_by(step).map(|(fmr, fnmr)| view! {
                    <tr><td class="number">{format::rate(*fmr)}</td><td class="number">{format::rate(*fnmr)}</td></tr>
                }).collect_view()}</tbody>
            </table>
        }
        .into_any()
    })
}

/// Where the two kinds of pairs lie, with the thresholds and, when given, one similarity marked.
pub(crate) fn histogram(calibration: &Calibration, marked: Option<f32>) -> AnyView {
    let impostor = shares(&calibration.impostor_histogram);
    let genuine = shares(&calibration.genuine_histogram);
    let most = impostor.iter().chain(&genuine).copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let upright = |value: f32, class: &'static str, label: String| {
        let x = across((f64::from(value) + 1.0) / 2.0);
        let (at, anchor) = if x > WIDTH * 0.8 { (x - 4.0, "end") } else { (x + 4.0, "start") };
        view! {
            <line class=class x1=x x2=x y1=up(0.0) y2=up(1.0)></line>
            <text class=class x=at text-anchor=anchor y=(TOP + 10.0)>{label}</text>
        }
    };
    let chart = view! {
        <svg viewBox="0 0 560 320" role="img" aria-label=t!(chart.histogram_alt)>
            <path class="impostor" d=steps(&impostor, most)></path>
            <path class="genuine" d=steps(&genuine, most)></path>
            {[-1.0_f32, -0.5, 0.0, 0.5, 1.0].into_iter().map(|value| view! {
                <text x=across((f64::from(value) + 1.0) / 2.0) y=(HEIGHT - BOTTOM + 16.0) text-anchor="middle">{value}</text>
            }).collect_view()}
            <line class="grid" x1=across(0.0) x2=across(1.0) y1=up(0.0) y2=up(0.0)></line>
            <text class="axis" x=across(0.5) y=(HEIGHT - 6.0) text-anchor="middle">{t!(chart.similarity)}</text>
            {upright(calibration.reject, "threshold", t!(chart.thresholds).to_string())}
            {upright(calibration.accept, "threshold", String::new())}
            {marked.map(|value| upright(value, "marked", String::new()))}
        </svg>
        <p class="legend">
            <span class="swatch impostor" aria-hidden="true"></span> {t!(chart.impostor)}
            <span class="swatch genuine" aria-hidden="true"></span> {t!(chart.genuine)}
        </p>
    }
    .into_any();
    let rows = table_rows(&calibration.impostor_histogram, &calibration.genuine_histogram);
    with_table(t!(chart.histogram).to_string(), chart, move || {
        view! {
            <table class="dense">
                <thead><tr><th class="number">{t!(chart.similarity)}</th><th class="number">{t!(chart.impostor)}</th><th class="number">{t!(chart.genuine)}</th></tr></thead>
                <tbody>{rows.iter().map(|(from, impostor, genuine)| view! {
                    <tr><td class="number">{format::fixed(*from, 2)}</td><td class="number">{format::count(*impostor)}</td><td class="number">{format::count(*genuine)}</td></tr>
                }).collect_view()}</tbody>
            </table>
        }
        .into_any()
    })
}

#[expect(clippy::cast_precision_loss, reason = "pair counts are far below 2^53")]
fn shares(counts: &[u64]) -> Vec<f64> {
    let sum = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|n| *n as f64 / sum).collect()
}

/// The outline of a histogram.
#[expect(clippy::cast_precision_loss, reason = "a histogram has some hundred bins")]
fn steps(shares: &[f64], most: f64) -> String {
    let bins = shares.len().max(1) as f64;
    let mut d = format!("M{} {}", px(across(0.0)), px(up(0.0)));
    for (i, share) in shares.iter().enumerate() {
        let y = px(up(share / most));
        d.push_str(&format!(
            "L{} {y}L{} {y}",
            px(across(i as f64 / bins)),
            px(across((i as f64 + 1.0) / bins))
        ));
    }
    d.push_str(&format!("L{} {}Z", px(across(1.0)), px(up(0.0))));
    d
}

/// The bins that hold anything: lower edge, impostors, genuine pairs.
#[expect(clippy::cast_precision_loss, reason = "a histogram has some hundred bins")]
fn table_rows(impostor: &[u64], genuine: &[u64]) -> Vec<(f64, u64, u64)> {
    let bins = impostor.len().max(genuine.len());
    (0..bins)
        .map(|i| {
            let at = |counts: &[u64]| counts.get(i).copied().unwrap_or(0);
            (i as f64 / bins as f64 * 2.0 - 1.0, at(impostor), at(genuine))
        })
        .filter(|(_, impostor, genuine)| impostor + genuine > 0)
        .collect()
}
