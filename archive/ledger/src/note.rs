//! Signed notes (C2SP signed-note): a text, an empty line, and signatures that each name their key.

use std::{fmt, str::FromStr};

use crate::{
    encoding::{from_base64, to_base64},
    key::{KeyName, VerifierKey},
};

/// One signature line: `— name base64(key hash and signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// The first four bytes of the hash of the key.
    pub key_hash: [u8; 4],
    /// The signature itself; its form depends on the kind of key.
    pub signature: Vec<u8>,
}

/// A text with its signatures, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// Why a text is not a signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The signed text must end with a newline and hold no other control characters.
    #[error("not the text of a note")]
    Text,
    /// The note has no signatures, or they don't stand where they should.
    #[error("a note without signatures")]
    NoSignatures,
    /// A signature line is not well formed.
    #[error("signature line {0} of a note is not well formed")]
    Signature(usize),
}

const MAX_SIGNATURES: usize = 100;

impl SignedNote {
    /// A note without signatures yet.
    ///
    /// # Errors
    ///
    /// If the text doesn't end with a newline or holds other control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        let clean = text.ends_with('\n') && !text.chars().any(|c| c.is_control() && c != '\n');
        if clean { Ok(Self { text, signatures: Vec::new() }) } else { Err(NoteError::Text) }
    }

    /// The signed text, ending with a newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line.
    pub fn add(&mut self, signature: NoteSignature) {
        self.signatures.push(signature);
    }

    /// The signatures that claim to be by `key`.
    pub fn claimed_by<'a>(&'a self, key: &'a VerifierKey) -> impl Iterator<Item = &'a [u8]> {
        let hash = key.key_hash();
        self.signatures
            .iter()
            .filter(move |signature| signature.name == *key.name() && signature.key_hash == hash)
            .map(|signature| signature.signature.as_slice())
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        // The last empty line divides, since signature lines are never empty.
        let cut = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, lines) = note.split_at_checked(cut + 1).ok_or(NoteError::NoSignatures)?;
        let lines = lines
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'))
            .ok_or(NoteError::NoSignatures)?;
        let mut parsed = Self::new(text)?;
        for (n, line) in lines.split('\n').enumerate() {
            if n >= MAX_SIGNATURES {
                return Err(NoteError::Signature(n));
            }
            parsed.add(line.parse().map_err(|()| NoteError::Signature(n))?);
        }
        Ok(parsed)
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_hash[..], &self.signature].concat();
        write!(f, "— {} {}", self.name, to_base64(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let (name, signature) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(())?;
        let bytes = from_base64(signature).ok_or(())?;
        let (key_hash, signature) = bytes.split_first_chunk().ok_or(())?;
        if signature.is_empty() {
            return Err(());
        }
        Ok(Self { name: name.parse().map_err(|_| ())?, key_hash: *key_hash, signature: signature.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example in the documentation of golang.org/x/mod/sumdb/note.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_well_known_note_is_read_and_verified() {
        let key: VerifierKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let note: SignedNote = NOTE.parse().unwrap();
        assert_eq!(note.to_string(), NOTE);
        let signatures: Vec<_> = note.claimed_by(&key).collect();
        assert_eq!(signatures.len(), 1);
        assert!(key.verify(note.text().as_bytes(), signatures[0]));
        assert!(!key.verify(b"another text\n", signatures[0]));
    }

    #[test]
    fn a_key_with_another_hash_or_kind_is_refused() {
        use crate::key::KeyError;
        let parse = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        assert_eq!(parse(&KEY.replace("c74f", "c74e")), KeyError::Hash);
        assert_eq!(parse(&KEY.replace("PeterN", "PeterM")), KeyError::Hash);
        assert_eq!(parse(&KEY.replace("+ARpc", "+AhpC")), KeyError::Kind);
        assert_eq!(parse("name"), KeyError::Form);
    }

    #[test]
    fn malformed_notes_are_refused() {
        for note in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n— name\n",
            "text\n\n— na+me AAAAAAAA\n",
            "text\n\n— name AAAAAAAB",
            "te\rxt\n\n— name AAAAAAAB\n",
        ] {
            assert!(note.parse::<SignedNote>().is_err(), "{note:?}");
        }
        assert!("text\n\n— name AAAAAAAB\n".parse::<SignedNote>().is_ok());
    }
}
