//! Statuses: each has a shape of its own, so that none is only a colour.

use crate::prelude::*;

use crate::i18n::{self, words};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// ● as it should be
    Ok,
    /// ▲ a person should look
    Attention,
    /// ■ must not go on
    Stop,
    /// ○ not yet
    Waiting,
}

impl Status {
    /// The class of its colour.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Attention => "attention",
            Self::Stop => "stop",
            Self::Waiting => "wait",
        }
    }

    const fn shape(self) -> &'static str {
        match self {
            Self::Ok => "●",
            Self::Attention => "▲",
            Self::Stop => "■",
            Self::Waiting => "○",
        }
    }

    /// The status of a finding's severity when it failed.
    pub(crate) fn of_severity(severity: &str) -> Self {
        match severity {
            "block" => Self::Stop,
            "warn" => Self::Attention,
            _ => Self::Waiting,
        }
    }

    /// The status of a doctor's level.
    pub(crate) fn of_level(level: &str) -> Self {
        match level {
            "ok" => Self::Ok,
            "attention" => Self::Attention,
            _ => Self::Stop,
        }
    }
}

/// The shape alone, for those who see.
pub(crate) fn shape(status: Status) -> AnyView {
    view! { <span class=format!("shape {}", status.class()) aria-hidden="true">{status.shape()}</span> }
        .into_any()
}

/// A shape and its word.
pub(crate) fn mark(status: Status, text: impl IntoView) -> AnyView {
    view! { <span class=format!("mark {}", status.class())>{shape(status)} <span>{text}</span></span> }
        .into_any()
}

/// The mark of a delivery's state.
pub(crate) fn delivery_state(state: api::delivery::DeliveryState) -> AnyView {
    use api::delivery::DeliveryState as S;
    let status = match state {
        S::Receiving | S::Received | S::Checking | S::Accepting => Status::Waiting,
        S::Checked | S::Proposed => Status::Attention,
        S::Accepted => Status::Ok,
        S::Rejected => Status::Stop,
    };
    mark(status, i18n::name_of(words::state, state))
}

/// The mark of an item's state.
pub(crate) fn item_state(state: api::delivery::ItemState) -> AnyView {
    mark(item_status(state), i18n::name_of(words::item, state))
}

/// How an item stands.
pub(crate) const fn item_status(state: api::delivery::ItemState) -> Status {
    use api::delivery::ItemState as S;
    match state {
        S::Good => Status::Ok,
        S::Doubtful => Status::Attention,
        S::Extra | S::Missing | S::Wrong | S::Late => Status::Stop,
    }
}

/// How a verdict stands.
pub(crate) const fn verdict_status(verdict: api::face::Verdict) -> Status {
    use api::face::Verdict as V;
    match verdict {
        V::Match => Status::Ok,
        V::Unsure => Status::Attention,
        V::NoMatch => Status::Stop,
    }
}

/// How a case of a cohort stands by what the machine says.
pub(crate) const fn outcome_status(outcome: api::cohort::Outcome) -> Status {
    use api::cohort::Outcome as O;
    match outcome {
        O::Match => Status::Ok,
        O::Unsure => Status::Attention,
        O::NoMatch => Status::Stop,
        O::ByHand => Status::Waiting,
    }
}

/// How a case of a cohort stands by what people say.
pub(crate) const fn disposition_status(disposition: api::cohort::Disposition) -> Status {
    use api::cohort::Disposition as D;
    match disposition {
        D::Normal => Status::Ok,
        D::Doubtful => Status::Attention,
        D::Abnormal => Status::Stop,
    }
}
