//! What went wrong, as RFC 9457 problem documents with a stable code and parameters.
//!
//! The sentence a person reads comes from the client's locale files, worded from code and parameters in the
//! person's language; `title` is the English one for logs and other programs. Parameters never hold personal data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Flaw;

/// A problem document (`application/problem+json`, RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `/problems/` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What could not be done and what to do now, in English.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code by which clients choose their words.
    pub code: ProblemCode,
    /// Values for the sentence: limits, counts, ids, field names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $text:literal;)*) => {
        /// Every kind of problem the API answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode {$(
            $(#[$doc])*
            $name,
        )*}

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {$(Self::$name => $status,)*}
            }

            /// The English sentence; `{name}` stands for a parameter.
            #[must_use]
            pub const fn template(self) -> &'static str {
                match self {$(Self::$name => $text,)*}
            }
        }
    };
}

problem_codes! {
    /// Not signed in.
    SignInRequired = 401, "Please sign in.";
    /// Wrong account or password.
    BadCredentials = 401, "The account or the password is not right.";
    /// Too many attempts. `seconds`.
    TooManyAttempts = 429, "There were too many attempts. Please wait {seconds} seconds.";
    /// The account may not do this. `right`.
    NotAllowed = 403, "Your account does not carry the right {right}.";
    /// The request's CSRF token is missing or wrong.
    CsrfMismatch = 403, "This page is out of date. Please load it again.";
    /// A person's record is read only with a purpose.
    PurposeRequired = 428, "Please state the purpose before opening a person's record.";
    /// A new password does not meet the rules. `min`.
    WeakPassword = 422, "The password needs at least {min} characters and must not contain the account name.";
    /// Offices that exclude each other. `a`, `b`.
    RolesExclude = 422, "One person can't hold both {a} and {b}.";
    /// The account name is taken.
    AccountExists = 409, "An account of this name exists.";
    /// The id names nothing. `kind`, `id`.
    NotFound = 404, "There is no {kind} {id}.";
    /// The request can't be read. `reason`.
    BadRequest = 400, "The request could not be read: {reason}.";
    /// A field's value is not allowed. `field`, `reason`: the code of a [`Flaw`], and what that names.
    BadField = 422, "The field {field} is not right: {reason}.";
    /// The body is larger than allowed. `limit_bytes`.
    TooLarge = 413, "This is larger than the {limit_bytes} bytes allowed.";
    /// The state of the thing does not allow this now. `kind`, `id`, `state`.
    WrongState = 409, "The {kind} {id} is {state}; this can't be done now.";
    /// Somebody changed it meanwhile.
    Conflict = 409, "Somebody else changed this meanwhile. Please load it again.";
    /// Doubtful faces of a delivery were not looked at. `count`.
    FacesUnsettled = 409, "{count} photos with a doubtful face must be looked at by a person first.";
    /// People of a cohort wait to be looked at. `count`.
    CasesWait = 409, "{count} people wait to be looked at first; it can't be signed yet.";
    /// The second person must be another one.
    SamePerson = 409, "A second person must confirm this, not the one who proposed it.";
    /// The code typed is not the code shown.
    CodeMismatch = 422, "The code does not match. A new one has been drawn.";
    /// An imported file can't be used. `file`, `reason`.
    BadFile = 422, "{file} could not be imported: {reason}. Nothing was changed.";
    /// The photo can't be used. `reason`: a refusal code of the verification engine.
    BadPhoto = 422, "The photo could not be used: {reason}.";
    /// No face found in the photo.
    NoFace = 422, "No face was found in the photo. Please take it again.";
    /// More than one face in the photo. `count`.
    SeveralFaces = 422, "There are {count} faces in the photo. Exactly one is needed.";
    /// The person has no reference photo.
    NoReference = 409, "There is no reference photo of this person. Please use the manual path.";
    /// No thresholds are adopted.
    NoCalibration = 409, "No calibration has been adopted. Please run one and adopt it.";
    /// The calibration in force was found with another model than the one installed.
    CalibrationOfAnotherModel = 409, "The calibration in force was found with another face model than the one installed. \
        Please run one with it and adopt it.";
    /// The law does not let this person's face be compared. `reason`: a bar's word.
    MayNotCompare = 409, "This person's face may not be compared: {reason}. Please check by hand.";
    /// What the law asks for before a campaign may compare faces is not there. `reason`: a bar's word.
    NoGround = 409, "This campaign can't be opened for comparing faces: {reason}.";
    /// Too few people for a calibration. `have`, `need`.
    TooFewForCalibration = 409, "A calibration needs at least {need} people with two photos; there are {have}.";
    /// The engine is busy.
    Busy = 503, "The face engine is busy. Please try again in a moment.";
    /// A model is missing or damaged. `model`, `reason`.
    ModelUnavailable = 503, "The model {model} can't be used: {reason}. Please run `xuecang doctor`.";
    /// There is no search index yet to ask. `done`, `total`: people.
    IndexBeingMade = 503, "The search index is being made anew ({done} of {total} people). Please try again in a moment.";
    /// The search index of an older version lacks a facet. `field`, `done`, `total`: people.
    FacetNotYet = 503, "The search index can't be narrowed by {field} before it is renewed ({done} of {total} people). \
        Please search without it, or try again later.";
    /// The disk is full. `what`: a kind of job, or `request`.
    DiskFull = 507, "The disk that holds the data is full, so this was not done: {what}. Please make room and try again; \
        nothing accepted before is touched.";
    /// A client certificate is missing or of another CA.
    ClientCertificateRequired = 403, "A client certificate issued by this school is needed.";
    /// The certificate request can't be used. `reason`.
    BadCertificateRequest = 422, "The certificate request could not be used: {reason}.";
    /// An upload's offset is not where the server is. `offset`.
    UploadOffset = 409, "The upload continues at byte {offset}.";
    /// A handshake message was refused. `reason`.
    HandshakeRefused = 409, "The message was refused: {reason}.";
    /// What was said in a deletion case can't be read. `id`, `reason`: `case-damaged` or `case-of-other-rules`.
    CaseUnreadable = 503, "What was said in this deletion case can't be read ({reason}), so nothing can be seen or done in \
        it. Please ask the administrator to put office.db back from a backup or a replica, or to start the version that \
        wrote it; `xuecang doctor` says more. A certificate that was issued can still be fetched.";
    /// A deletion guard is not met. `guard`.
    GuardNotMet = 409, "This deletion can't go on yet: {guard}.";
    /// Something failed inside. `incident`.
    Internal = 500, "Something failed inside (incident {incident}). The administrator can find it in the log.";
}

impl Problem {
    /// Makes the problem document for `code` with its parameters.
    #[must_use]
    pub fn new<const N: usize>(code: ProblemCode, params: [(&str, String); N]) -> Self {
        let params: BTreeMap<_, _> =
            params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let title = params.iter().fold(code.template().to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        });
        let word =
            serde_json::to_value(code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Self { kind: format!("/problems/{word}"), title, status: code.status(), code, params }
    }

    /// Makes the problem document for a field whose value is not right. Its title says the flaw in English, its
    /// parameters the flaw's code and values.
    #[must_use]
    pub fn bad_field(field: &str, flaw: &Flaw) -> Self {
        let said = [("field", field.to_owned()), ("reason", flaw.to_string())];
        let mut problem = Self::new(ProblemCode::BadField, said);
        problem.params.insert("reason".to_owned(), flaw.code().to_owned());
        problem.params.extend(flaw.params().into_iter().map(|(name, value)| (name.to_owned(), value)));
        problem
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_sentence_with_its_parameters() {
        let problem = Problem::new(ProblemCode::TooManyAttempts, [("seconds", "30".to_owned())]);
        assert_eq!(problem.title, "There were too many attempts. Please wait 30 seconds.");
        assert_eq!((problem.kind.as_str(), problem.status), ("/problems/too-many-attempts", 429));
    }

    #[test]
    fn a_flaw_is_a_sentence_in_the_title_and_a_code_in_the_parameters() {
        let problem = Problem::bad_field("name", &Flaw::Length { min: 1, max: 64 });
        assert_eq!(problem.title, "The field name is not right: it needs 1 to 64 characters.");
        let params: Vec<_> =
            problem.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(params, [("field", "name"), ("max", "64"), ("min", "1"), ("reason", "field-length")]);
    }
}
