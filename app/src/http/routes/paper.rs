//! What the routes of papers share: the language asked for, the typesetting, the answer.

use api::{Flaw, Problem};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use paper::{Fonts, Language, PaperError};
use serde::Deserialize;
use service::Refusal as _;

use crate::http::Answer;

/// Office Open XML, a workbook (ECMA-376).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// In which language.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct In {
    /// `zh` or `en`.
    #[serde(default)]
    lang: String,
}

impl In {
    /// The language; Chinese unless another is asked for.
    pub(super) fn language(&self) -> Answer<Language> {
        match self.lang.as_str() {
            "" | "zh" => Ok(Language::Chinese),
            "en" => Ok(Language::English),
            _ => Err(Problem::bad_field("lang", &Flaw::Unknown).into()),
        }
    }
}

/// Sets a paper in the fonts of this machine.
pub(super) fn set(document: impl FnOnce(&Fonts) -> Result<Vec<u8>, PaperError>) -> service::Result<Vec<u8>> {
    let fonts = Fonts::installed().or_failed("open the fonts")?;
    document(&fonts).or_failed("set a paper in type")
}

/// A workbook as a file that a browser keeps under `name`.
pub(super) fn workbook(name: impl std::fmt::Display, xlsx: Vec<u8>) -> Response {
    let mut answer = ([(header::CONTENT_TYPE, XLSX)], xlsx).into_response();
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.xlsx\"")) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    answer
}

/// A paper as a file that a browser shows, and keeps under `name`.
pub(super) fn answer(name: &str, pdf: Vec<u8>) -> Response {
    let mut answer = ([(header::CONTENT_TYPE, "application/pdf")], pdf).into_response();
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"{name}.pdf\"")) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    answer
}
