//! A photo with the measured places drawn on it: head top, eye line, face, and whatever a finding points at.

use crate::prelude::*;
use api::delivery::Finding;

/// The size of photo, px, in which the standard gives its heights.
const STANDARD: (u32, u32) = (480, 640);

/// One mark on a photo, px of the photo.
struct Drawn {
    code: String,
    failed: bool,
    place: [f32; 4],
    /// Where it should be, top and bottom.
    limit: Option<(f32, f32)>,
}

/// A photo with its findings drawn on it. `chosen` is the finding's code to make stand out.
pub(crate) fn overlay(url: String, alt: String, findings: &[Finding], chosen: RwSignal<String>) -> AnyView {
    let natural = RwSignal::new(STANDARD);
    let lost = RwSignal::new(false);
    let marks: Vec<_> = findings
        .iter()
        .filter_map(|finding| {
            Some(Drawn {
                code: finding.code.clone(),
                failed: finding.status == "failed",
                place: finding.place?,
                limit: band(finding),
            })
        })
        .collect();
    let picture = move || {
        if lost.get() {
            return view! { <span class="no-photo">{t!(common.photo_unreadable)}</span> }.into_any();
        }
        view! {
            <img class="private" src=url.clone() alt=alt.clone()
                on:load:target=move |event| natural.set((event.target().natural_width(), event.target().natural_height()))
                on:error=move |_| lost.set(true)/>
        }
        .into_any()
    };
    view! {
        <div class="photo overlay">
            {picture}
            <svg viewBox=move || { let (width, height) = natural.get(); format!("0 0 {width} {height}") } aria-hidden="true">
                {marks.into_iter().map(|mark| drawn(mark, natural, chosen)).collect_view()}
            </svg>
        </div>
    }
    .into_any()
}

/// A mark as the appliance writes it: without width and height a line across at a height; without width a band across;
/// much wider than high a line from eye to eye; else a box.
fn drawn(mark: Drawn, natural: RwSignal<(u32, u32)>, chosen: RwSignal<String>) -> AnyView {
    let [x, y, width, height] = mark.place;
    let code = mark.code.clone();
    let class = move || {
        let standing = if mark.failed { "failed" } else { "held" };
        if chosen.get() == code { format!("{standing} chosen") } else { standing.to_owned() }
    };
    let across = move || natural.get().0.to_string();
    let shape = if width == 0.0 && height == 0.0 {
        view! { <line x1="0" x2=across y1=y y2=y></line> }.into_any()
    } else if width == 0.0 {
        view! { <rect class="band-across" x="0" width=across y=y height=height></rect> }.into_any()
    } else if height.abs() * 4.0 < width.abs() {
        view! { <line x1=x x2=(x + width) y1=y y2=(y + height)></line> }.into_any()
    } else {
        view! { <rect x=x y=y width=width height=height></rect> }.into_any()
    };
    let limit = move || {
        let (from, to) = mark.limit.filter(|_| natural.get() == STANDARD)?;
        Some(view! { <rect class="limit" x="0" width=across y=from height=(to - from)></rect> })
    };
    view! {
        <g class=class>
            {limit}
            {shape}
            <text x=(x + 4.0) y=(y - 4.0).max(14.0)>{mark.code}</text>
        </g>
    }
    .into_any()
}

/// The band within which a height must lie, read from `50–110 px`.
fn band(finding: &Finding) -> Option<(f32, f32)> {
    const HEIGHTS: [&str; 2] = ["IMG-08", "IMG-09"];
    let (from, to) = finding.limit.as_deref()?.strip_suffix(" px")?.split_once('–')?;
    HEIGHTS.contains(&&*finding.code).then_some((pixels(from)?, pixels(to)?))
}

/// A whole number of pixels.
fn pixels(text: &str) -> Option<f32> {
    text.trim().parse::<u16>().ok().map(f32::from)
}
