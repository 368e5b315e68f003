//! What every page works with: leptos's signals, and this client's own markup.

pub(crate) use leptos::prelude::{
    Effect, Get, GetUntracked, GetValue, LocalStorage, Memo, RwSignal, Set, SetValue, StoredValue, Track,
    Update, UpdateValue, With, WithUntracked, WithValue, document, on_cleanup, untrack,
    window_event_listener,
};
pub(crate) use markup::view;

pub(crate) use crate::browser::spawn_local;
pub(crate) use crate::view::{AnyView, CollectView, IntoView, NodeRef};
