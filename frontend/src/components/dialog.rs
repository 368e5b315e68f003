//! A dialog that holds the focus until it is answered.

use leptos::html;
use leptos::prelude::*;

/// A modal dialog, open as long as `open` is. Esc closes it.
pub(crate) fn dialog(
    open: RwSignal<bool>,
    title: &'static str,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
    body: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let node = NodeRef::<html::Dialog>::new();
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
        <dialog node_ref=node aria-label=title on:close=move |_: leptos::ev::Event| close()>
            {move || open.get().then(|| view! { <h2>{title}</h2> {body()} })}
        </dialog>
    }
    .into_any()
}
