//! Finding people, their dossiers, and who looked at them.

use api::dossier::{Correction, Dossier, PersonFacts};
use api::hold::{Hold, HoldReason};
use api::ids::{HoldId, PersonId};
use api::search::{SearchQuery, SearchResults};
use api::usage::{UseQuery, Uses};
use gloo_net::http::Method;

use super::{Answer, body, get, nothing, post, send, with_purpose, with_query};
use crate::state::{Name, state};

/// Searches people.
pub(crate) async fn search(query: &SearchQuery) -> Answer<SearchResults> {
    let found: SearchResults = get(with_query("/search", query)).await?;
    let named = found.facets.iter().flat_map(|facet| &facet.values).filter_map(|value| {
        let name = value.delivery.as_ref()?;
        Some((value.value.clone(), Name::Delivery(name.campaign.clone(), name.round)))
    });
    state().learn(named);
    Ok(found)
}

/// A person's dossier, numbers masked.
pub(crate) async fn dossier(person: PersonId) -> Answer<Dossier> {
    with_purpose().await?;
    get(format!("/persons/{person}")).await
}

/// A person's facts with every number shown. Recorded as a use of its own.
pub(crate) async fn reveal(person: PersonId) -> Answer<PersonFacts> {
    with_purpose().await?;
    get(format!("/persons/{person}/numbers")).await
}

/// Corrects facts of a person.
pub(crate) async fn correct(person: PersonId, correction: &Correction) -> Answer<()> {
    with_purpose().await?;
    send(Method::POST, format!("/persons/{person}/corrections"), body(correction)?).await.map(drop)
}

/// Places a legal hold on a person's record.
pub(crate) async fn place_hold(person: PersonId, reason: String) -> Answer<Hold> {
    with_purpose().await?;
    post(format!("/persons/{person}/holds"), &HoldReason { reason }).await
}

/// Lifts a legal hold.
pub(crate) async fn lift_hold(id: HoldId, reason: String) -> Answer<Hold> {
    with_purpose().await?;
    post(format!("/holds/{id}/lift"), &HoldReason { reason }).await
}

/// The use register of a person.
pub(crate) async fn uses_of(person: PersonId, query: &UseQuery) -> Answer<Uses> {
    get(with_query(&format!("/persons/{person}/uses"), query)).await
}

/// What was looked at, by one account or by all.
pub(crate) async fn uses(query: &UseQuery) -> Answer<Uses> {
    get(with_query("/audit/uses", query)).await
}

/// Notes that a dossier is about to be printed.
pub(crate) async fn printed(person: PersonId) -> Answer<()> {
    with_purpose().await?;
    send(Method::POST, format!("/persons/{person}/prints"), body(&nothing())?).await.map(drop)
}
