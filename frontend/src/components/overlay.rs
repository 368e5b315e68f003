//! A photo with the measured places drawn on it: head top, eye line, face, and whatever a finding points at.

use crate::prelude::*;
use api::delivery::Finding;

/// The size of photo, px, until the picture itself says its own.
const STANDARD: (u32, u32) = (480, 640);

/// The marks of one finding on a photo, px of the photo.
struct Drawn {
    /// Its place in the list: several findings may have one code.
    number: usize,
    code: String,
    failed: bool,
    places: Vec<[f32; 4]>,
}

/// A photo with its findings drawn on it. `chosen` is the number of the finding to make stand out.
pub(crate) fn overlay(
    url: String,
    alt: String,
    findings: &[Finding],
    chosen: RwSignal<Option<usize>>,
) -> AnyView {
    let natural = RwSignal::new(STANDARD);
    let lost = RwSignal::new(false);
    let marks: Vec<_> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| !finding.places.is_empty())
        .map(|(number, finding)| Drawn {
            number,
            code: finding.code.clone(),
            failed: finding.status == "failed",
            places: finding.places.clone(),
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

/// All marks of a finding, named once.
fn drawn(mark: Drawn, natural: RwSignal<(u32, u32)>, chosen: RwSignal<Option<usize>>) -> AnyView {
    let class = move || {
        let standing = if mark.failed { "failed" } else { "held" };
        if chosen.get() == Some(mark.number) { format!("{standing} chosen") } else { standing.to_owned() }
    };
    let named = mark.places.first().map(|&[x, y, ..]| {
        view! { <text x=(x + 4.0) y=(y - 4.0).max(14.0)>{mark.code}</text> }
    });
    view! {
        <g class=class>
            {mark.places.into_iter().map(|place| shape(place, natural)).collect_view()}
            {named}
        </g>
    }
    .into_any()
}

/// A mark as the appliance writes it: without width and height a line across at a height; without width a band across,
/// where something should lie; else a box.
fn shape([x, y, width, height]: [f32; 4], natural: RwSignal<(u32, u32)>) -> AnyView {
    let across = move || natural.get().0.to_string();
    if width == 0.0 && height == 0.0 {
        view! { <line x1="0" x2=across y1=y y2=y></line> }.into_any()
    } else if width == 0.0 {
        view! { <rect class="limit" x="0" width=across y=y height=height></rect> }.into_any()
    } else {
        view! { <rect x=x y=y width=width height=height></rect> }.into_any()
    }
}
