//! A dialog that holds the focus until it is answered.

use crate::i18n::Text;
use crate::prelude::*;
use crate::view::place;

/// A modal dialog, open as long as `open` is. Esc closes it.
pub(crate) fn dialog(
    open: RwSignal<bool>,
    title: Text,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
    body: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let node = place::<web_sys::HtmlDialogElement>();
    Effect::new(move |_| {
        let (Some(element), open) = (node.get(), open.get()) else { return };
        if open && !element.open() {
            let _refused = element.show_modal();
        } else if !open && element.open() {
            element.close();
        }
    });
    let close = move || {
        if open.get_untracked() {
            open.set(false);
            on_close();
        }
    };
    view! {
        <dialog node_ref=node aria-label=title on:close=move |_: web_sys::Event| close()>
            {move || open.get().then(|| view! { <h2>{title}</h2> {body()} })}
        </dialog>
    }
    .into_any()
}
