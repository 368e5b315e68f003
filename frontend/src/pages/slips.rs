//! The hand-out slips of a campaign, to print, cut and give to the students.

use crate::prelude::*;
use api::campaign::Slip;
use api::ids::CampaignId;

use crate::api_client;
use crate::components::{loader::Loader, notice};
use crate::format;
use crate::i18n;
use crate::t;

/// The page.
pub(crate) fn page(id: CampaignId) -> AnyView {
    let slips = Loader::new(move || api_client::campaigns::slips(id));
    view! {
        <p class="crumb"><a href=format!("/campaigns/{id}")>{t!(slips.back)}</a></p>
        <header class="page-head no-print">
            <div><h1>{t!(slips.title)}</h1><p class="dim">{t!(slips.how)}</p></div>
            <a class="button primary" target="_blank" href=move || api_client::url(&format!("/campaigns/{id}/slips.pdf?lang={}", i18n::paper_language()))>{t!(slips.paper)}</a>
        </header>
        {slips.show(|slips| if slips.is_empty() {
            notice::empty(t!(slips.none), t!(slips.none_how))
        } else {
            view! {
                <p class="dim no-print">{t!(common.total, n = format::count(slips.len() as u64))}</p>
                <ul class="slips">{slips.iter().map(slip).collect_view()}</ul>
            }
            .into_any()
        })}
    }
    .into_any()
}

fn slip(slip: &Slip) -> AnyView {
    let code = format!("data:image/svg+xml;charset=utf-8,{}", js_sys::encode_uri_component(&slip.qr));
    view! {
        <li>
            <img src=code alt=t!(slips.code) width="120" height="120"/>
            <div>
                <p class="name private">{slip.name.clone()}</p>
                <p class="digits private">{slip.student_number.clone()}</p>
                <p>{slip.college.clone()} " " {slip.class.clone()}</p>
                <p class="dim">{t!(slips.keep)}</p>
                <code>{slip.token.clone()}</code>
            </div>
        </li>
    }
    .into_any()
}
