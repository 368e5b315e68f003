//! What is not right about the value of a field: a stable code with its numbers, worded by clients as other reasons are.

use std::fmt;

macro_rules! flaws {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($param:ident: $type:ty),+ })? = $code:literal, $text:literal;
    )*) => {
        /// What is not right about the value of a field. [`Display`](fmt::Display) says it in English.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Flaw {$(
            $(#[$doc])*
            $name $({
                $(
                    /// As the sentence names it.
                    $param: $type,
                )+
            })?,
        )*}

        impl Flaw {
            /// Every code with the names of its parameters; clients have words for each.
            pub const ALL: &'static [(&'static str, &'static [&'static str])] =
                &[$(($code, &[$($(stringify!($param)),+)?])),*];

            /// The stable code by which clients choose their words.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self {$(Self::$name { .. } => $code,)*}
            }

            /// Values for the words, by name.
            #[must_use]
            pub fn params(&self) -> Vec<(&'static str, String)> {
                match self {$(
                    Self::$name $({ $($param),+ })? => vec![$($((stringify!($param), $param.to_string())),+)?],
                )*}
            }
        }

        impl fmt::Display for Flaw {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {$(Self::$name $({ $($param),+ })? => write!(f, $text),)*}
            }
        }
    };
}

flaws! {
    /// Nothing was given.
    Missing = "field-missing", "it is missing";
    /// Too short or too long a text, characters.
    Length { min: usize, max: usize } = "field-length", "it needs {min} to {max} characters";
    /// Too long a text, characters.
    TooLong { max: usize } = "field-too-long", "it has more than {max} characters";
    /// Too many words to search for.
    TooManyWords { max: usize } = "field-too-many-words", "it has more than {max} words";
    /// Too small or too large a number.
    Range { min: usize, max: usize } = "field-range", "it must lie between {min} and {max}";
    /// It names nothing there is.
    Unknown = "field-unknown", "there is no such one";
    /// It can't be made sense of.
    Unreadable = "field-unreadable", "it can't be read";
    /// Another has it.
    Taken = "field-taken", "it is taken by another";
    /// It was sent back as it is shown: with stars for digits.
    Masked = "field-masked", "it is masked; enter it whole";
    /// White space before or after a name.
    SpacesAround = "field-spaces-around", "it needs no spaces around it";
    /// An account's name has other characters, is too short or too long, or is the appliance's own.
    AccountName = "field-account-name",
        "it needs 2 to 32 lower-case letters, digits, '-', '_' or '.', and may not be the appliance's own name";
    /// No public key of the handshake.
    NotAKey = "field-not-a-key", "this is no Ed25519 public key in base64";
    /// One key for two.
    SameKey = "field-same-key", "one key may not be both the agent's and the signatory's";
    /// A sex by other words than the archive's.
    Sex = "field-sex", "it is neither 男 nor 女";
    /// No length of study.
    StudyYears = "field-study-years", "it must be a number of years from 0.5 to 10, such as 3 or 2.5";
    /// An identity number of so many characters.
    IdNumberLength { length: usize } = "field-id-number-length",
        "an identity number has 18 characters, this has {length}";
    /// A character of an identity number, counted from 1.
    IdNumberCharacter { place: usize } = "field-id-number-character",
        "character {place} of the identity number can't stand there";
    /// An identity number with a birth date that does not exist.
    IdNumberBirthDate = "field-id-number-birth-date", "the birth date inside the identity number does not exist";
    /// An identity number with a typing error.
    IdNumberCheck = "field-id-number-check", "the last character of the identity number does not fit the others";
    /// A day beyond the calendar.
    NoSuchDay = "field-no-such-day", "there is no such day";
    /// A day before capture begins.
    BeforeCapture = "field-before-capture", "it lies before the first day of capture";
    /// A day before anybody could read the notice.
    BeforeNotice = "field-before-notice", "it lies before the day on which the notice was published";
    /// A day to come.
    NotYet = "field-not-yet", "that day has not come yet";
    /// A notice that changes nothing.
    SameAsBefore = "field-same-as-before", "it says what the version before says";
    /// A version that no longer says what is so.
    Outdated = "field-outdated", "a newer version says something else";
    /// A name typed to confirm, and not the campaign's.
    NotTheName = "field-not-the-name", "it is not the campaign's name";
    /// An assessment of nothing.
    NeitherTextNorDocument = "field-neither-text-nor-document", "it needs a text or a document";
    /// A document of another format.
    NotPdf = "field-not-pdf", "it is no PDF";
    /// Something is said to be wrong, and not what.
    NoReasonGiven = "field-no-reason-given", "it needs a reason when something is wrong";
    /// More people than may be at once.
    TooManyPeople { max: usize } = "field-too-many-people", "it may be at most {max} people at once";
    /// More hits than can be put in the order of classes.
    TooManyToSort { max: usize } = "field-too-many-to-sort", "only up to {max} hits are sorted by class";
    /// A part too far down a list.
    TooDeep { max: usize } = "field-too-deep", "the list can be read up to entry {max}; narrow the search";
    /// Nobody is meant.
    NobodyFound = "field-nobody-found", "there is nobody like that in the archive";
    /// A campaign beside itself, or named twice.
    Repeated = "field-repeated", "each other campaign once";
    /// The first to sign have nobody before them.
    NobodyBefore = "field-nobody-before", "there is nobody to send it back to";
    /// A reviewer in doubt.
    Doubt = "field-doubt", "a reviewer decides for one side, or for the manual path";
    /// Accepted whole, and it is not whole.
    Incomplete = "field-incomplete",
        "a delivery with something extra, missing, wrong or late can't be accepted as a whole";
    /// Accepted in part, and no part is good.
    NothingGood = "field-nothing-good", "no photo of this delivery can be accepted";
    /// An office without an account. `role`: its word.
    NobodyInOffice { role: String } = "field-nobody-in-office", "no active account holds the office {role}";
    /// A false match rate that makes no sense.
    Rate = "field-rate", "it must be a rate above 0 and at most 0.01";
    /// Two things named where one is meant.
    ObjectAndDelivery = "field-object-and-delivery", "either an object or a delivery, not both";
    /// No id of an object or a person.
    NotAnObject = "field-not-an-object", "it must be an id such as urn:uuid:… or person_…";
    /// A folder with a name that can't be noted.
    NotUtf8 = "field-not-utf8", "its name is not UTF-8";
    /// A folder that holds something, or a file.
    NotEmptyFolder = "field-not-empty-folder", "it is not an empty folder";
    /// A folder among the appliance's own.
    InTheData = "field-in-the-data", "it lies in the data directory";
    /// A folder where photos may not lie.
    NotEncrypted = "field-not-encrypted", "it lies on a volume without encryption; name a folder on an encrypted \
        one, or set allow_unencrypted_volume = true";
    /// A folder of which nobody knows whether photos may lie there.
    EncryptionUnknown = "field-encryption-unknown", "it can't be seen from here whether its volume is encrypted; \
        name a folder on an encrypted one, or set allow_unencrypted_volume = true";
    /// A folder that another replica is noted for.
    NotedAs { name: String } = "field-noted-as", "it is noted as the folder of {name}; remove that first";
    /// What the operating system or a library says of a file or a folder. Only the console shows it.
    Cause { cause: String } = "field-cause", "{cause}";
}

impl Flaw {
    /// What the operating system or a library says of a file or a folder.
    #[must_use]
    pub fn cause(error: impl ToString) -> Self {
        Self::Cause { cause: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_begin_alike() {
        let codes: BTreeSet<_> = Flaw::ALL.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), Flaw::ALL.len());
        assert!(codes.iter().all(|code| code.starts_with("field-")), "{codes:?}");
    }

    #[test]
    fn a_flaw_says_its_numbers() {
        let flaw = Flaw::Length { min: 2, max: 200 };
        assert_eq!(flaw.to_string(), "it needs 2 to 200 characters");
        assert_eq!(flaw.params(), [("min", "2".to_owned()), ("max", "200".to_owned())]);
        assert_eq!((flaw.code(), Flaw::Missing.params()), ("field-length", Vec::new()));
    }
}
