//! The keys, shown on `?`.

use crate::prelude::*;

use crate::components::dialog;
use crate::i18n::Text;
use crate::t;

/// The dialog that lists every key.
pub(crate) fn help(open: RwSignal<bool>) -> AnyView {
    dialog::dialog(
        open,
        t!(keys.title),
        || (),
        move || {
            let row =
                |key: &'static str, what: Text| view! { <tr><td><kbd>{key}</kbd></td><td>{what}</td></tr> };
            view! {
            <table class="keys">
                <thead class="sr-only"><tr><th>{t!(keys.key)}</th><th>{t!(keys.what)}</th></tr></thead>
                <tbody>
                    {row("/", t!(keys.search))}
                    {row("p", t!(keys.mask))}
                    {row("?", t!(keys.help))}
                    {row("↑ ↓", t!(keys.rows))}
                    {row("Enter", t!(keys.open))}
                    {row("Esc", t!(keys.close))}
                    {row("f", t!(keys.facets))}
                    {row("w", t!(keys.wall))}
                    {row("1 2 3", t!(keys.decide))}
                    {row("n", t!(keys.next_case))}
                    {row("r", t!(keys.retake))}
                    {row("m", t!(keys.manual))}
                    {row("← →", t!(keys.items))}
                    {row("t", t!(keys.table))}
                </tbody>
            </table>
            <div class="actions"><button type="button" class="primary" on:click=move |_| open.set(false)>{t!(common.close)}</button></div>
        }
        .into_any()
        },
    )
}
