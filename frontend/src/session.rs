//! Signing in and out, and the purpose that is asked once per task.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::prelude::*;
use futures_channel::oneshot;

use crate::api_client::{self, Answer};
use crate::browser;
use crate::state::{SignedIn, state};

thread_local! {
    /// Requests that wait until a purpose is stated or refused.
    static WAITING: RefCell<Vec<oneshot::Sender<bool>>> = const { RefCell::new(Vec::new()) };
}

/// Whether this browser has had a session, so that a newcomer's first request is not one that must be refused.
const HAD: &str = "session";

/// Finds out who is signed in.
pub(crate) async fn resume() {
    if browser::recall(HAD).is_none() {
        state().signed_in.set(SignedIn::Nobody);
        return;
    }
    match api_client::accounts::session().await {
        Ok(session) => state().signed_in.set(SignedIn::As(Box::new(session))),
        Err(_) => ended(),
    }
}

/// The session is over: the sign-in page takes over.
pub(crate) fn ended() {
    browser::remember(HAD, None);
    state().jobs.update(BTreeMap::clear);
    state().signed_in.set(SignedIn::Nobody);
}

/// Signs in.
pub(crate) async fn sign_in(account: String, password: String) -> Answer<()> {
    let session = api_client::accounts::sign_in(account, password).await?;
    browser::remember(HAD, Some("yes"));
    state().signed_in.set(SignedIn::As(Box::new(session)));
    Ok(())
}

/// Signs out, and forgets what this session had heard.
pub(crate) async fn sign_out() {
    // Whatever the server answers, the person wants to be gone from this screen.
    let _answer = api_client::accounts::sign_out().await;
    ended();
}

/// Asks for a purpose and waits. All requests that need one share the question.
///
/// Answers whether one was stated.
pub(crate) async fn ask_purpose() -> bool {
    let (sender, receiver) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push(sender));
    state().purpose_wanted.set(true);
    receiver.await.unwrap_or(false)
}

/// States the purpose, and lets the waiting requests go on.
pub(crate) async fn state_purpose(text: String) -> Answer<()> {
    api_client::accounts::state_purpose(text.clone()).await?;
    state().signed_in.update(|signed_in| {
        if let SignedIn::As(session) = signed_in {
            session.purpose = Some(text);
        }
    });
    release(true);
    Ok(())
}

/// Leaves the purpose unstated: the waiting requests end.
pub(crate) fn decline_purpose() {
    release(false);
}

fn release(stated: bool) {
    state().purpose_wanted.set(false);
    for sender in WAITING.with_borrow_mut(std::mem::take) {
        // A request whose page has gone no longer listens.
        let _gone = sender.send(stated);
    }
}

/// Whether the session still lacks a purpose; changes only when that does.
pub(crate) fn lacks_purpose() -> Memo<bool> {
    Memo::new(|_| state().session().is_some_and(|session| session.purpose.is_none()))
}

/// The button that asks for a purpose where something waits for it.
pub(crate) fn ask_button() -> AnyView {
    let ask = |_| {
        spawn_local(async {
            // What waits for the purpose follows the session.
            ask_purpose().await;
        })
    };
    view! { <button type="button" on:click=ask>{t!(frame.new_purpose)}</button> }.into_any()
}
