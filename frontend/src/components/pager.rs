//! Which part of a long list is shown, and the way to the others. The offset stands in the address.

use crate::prelude::*;

use crate::format;
use crate::router;
use crate::t;

/// The pager of a list of `total` items, `limit` at a time.
pub(crate) fn pager(offset: u32, limit: u32, total: u64) -> AnyView {
    if total <= u64::from(limit) && offset == 0 {
        return view! { <p class="pager">{t!(common.total, n = format::count(total))}</p> }.into_any();
    }
    let first = u64::from(offset).saturating_add(1).min(total);
    let last = u64::from(offset).saturating_add(u64::from(limit)).min(total);
    let at_end = last >= total;
    let turn = |to: u32| {
        let to = if to == 0 { String::new() } else { to.to_string() };
        move |_| router::set_query(&[("offset", &to)])
    };
    view! {
        <nav class="pager" aria-label=t!(common.pages)>
            <button type="button" disabled=offset == 0 on:click=turn(offset.saturating_sub(limit))>{t!(common.previous)}</button>
            <span>{t!(common.range, first = format::count(first), last = format::count(last), total = format::count(total))}</span>
            <button type="button" disabled=at_end on:click=turn(offset.saturating_add(limit))>{t!(common.next)}</button>
        </nav>
    }
    .into_any()
}

/// The offset in the address.
pub(crate) fn offset() -> Memo<u32> {
    let text = router::query("offset");
    Memo::new(move |_| text.get().parse().unwrap_or(0))
}
