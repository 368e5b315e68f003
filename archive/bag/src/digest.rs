//! Checksums: which algorithms there are, and hashing by several of them while bytes pass by once.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A checksum algorithm that BagIt manifests or OCFL inventories name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5: read in old bags, never written.
    Md5,
    /// SHA-1: read in old bags, never written.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512 cut to 256 bits.
    Sha512_256,
    /// BLAKE2b, 160 bits.
    Blake2b160,
    /// BLAKE2b, 256 bits.
    Blake2b256,
    /// BLAKE2b, 384 bits.
    Blake2b384,
    /// BLAKE2b, 512 bits.
    Blake2b512,
}

/// No algorithm has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a checksum algorithm known here")]
pub struct ParseAlgorithmError(String);

/// A text that is no checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a checksum in hexadecimal digits")]
pub struct ParseChecksumError(String);

impl Algorithm {
    /// Every algorithm, in the order of their strength as far as there is one.
    pub const ALL: [Self; 11] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_256,
        Self::Blake2b160,
        Self::Blake2b256,
        Self::Blake2b384,
        Self::Blake2b512,
    ];

    /// The name as manifests and inventories write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha512_256 => "sha512/256",
            Self::Blake2b160 => "blake2b-160",
            Self::Blake2b256 => "blake2b-256",
            Self::Blake2b384 => "blake2b-384",
            Self::Blake2b512 => "blake2b-512",
        }
    }

    /// How many hexadecimal digits its checksums have.
    pub fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 | Self::Blake2b160 => 40,
            Self::Sha224 => 56,
            Self::Sha256 | Self::Sha512_256 | Self::Blake2b256 => 64,
            Self::Sha384 | Self::Blake2b384 => 96,
            Self::Sha512 | Self::Blake2b512 => 128,
        }
    }

    fn hasher(self) -> Box<dyn Hasher + Send> {
        use blake2::Blake2b;
        use blake2::digest::consts::{U20, U32, U48, U64};
        match self {
            Self::Md5 => Box::new(md5::Md5::new()),
            Self::Sha1 => Box::new(sha1::Sha1::new()),
            Self::Sha224 => Box::new(sha2::Sha224::new()),
            Self::Sha256 => Box::new(sha2::Sha256::new()),
            Self::Sha384 => Box::new(sha2::Sha384::new()),
            Self::Sha512 => Box::new(Sha512(openssl::sha::Sha512::new())),
            Self::Sha512_256 => Box::new(sha2::Sha512_256::new()),
            Self::Blake2b160 => Box::new(Blake2b::<U20>::new()),
            Self::Blake2b256 => Box::new(Blake2b::<U32>::new()),
            Self::Blake2b384 => Box::new(Blake2b::<U48>::new()),
            Self::Blake2b512 => Box::new(Blake2b::<U64>::new()),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = ParseAlgorithmError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == text)
            .ok_or_else(|| ParseAlgorithmError(text.to_owned()))
    }
}

/// A checksum in lower-case hexadecimal digits, whatever case it was read in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Checksum(String);

impl Checksum {
    /// The checksum of `bytes`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = algorithm.hasher();
        hasher.feed(bytes);
        hasher.done()
    }

    /// The lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = !text.is_empty()
            && text.len().is_multiple_of(2)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { Ok(Self(text.to_ascii_lowercase())) } else { Err(ParseChecksumError(text.to_owned())) }
    }
}

impl TryFrom<String> for Checksum {
    type Error = ParseChecksumError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> Self {
        checksum.0
    }
}

/// The length and checksums of bytes that have passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// Length in bytes.
    pub len: u64,
    /// The checksum by each algorithm that was asked for.
    pub sums: BTreeMap<Algorithm, Checksum>,
}

impl Hashed {
    /// The checksum by `algorithm`, if it was asked for.
    pub fn sum(&self, algorithm: Algorithm) -> Option<&Checksum> {
        self.sums.get(&algorithm)
    }
}

/// Hashes what is written through it, and passes it on.
pub struct Hashing<W> {
    to: W,
    len: u64,
    hashers: Vec<(Algorithm, Box<dyn Hasher + Send>)>,
}

impl<W: Write> Hashing<W> {
    /// Hashes by `algorithms` everything on its way to `to`.
    pub fn new(to: W, algorithms: &[Algorithm]) -> Self {
        let hashers = algorithms.iter().map(|&algorithm| (algorithm, algorithm.hasher())).collect();
        Self { to, len: 0, hashers }
    }

    /// The writer behind it, and what passed by.
    pub fn finish(self) -> (W, Hashed) {
        let sums = self.hashers.into_iter().map(|(algorithm, hasher)| (algorithm, hasher.done())).collect();
        (self.to, Hashed { len: self.len, sums })
    }
}

impl<W> fmt::Debug for Hashing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        let passed = bytes.get(..written).unwrap_or(bytes);
        for (_, hasher) in &mut self.hashers {
            hasher.feed(passed);
        }
        self.len += passed.len() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Reads to the end and says what passed by.
///
/// # Errors
///
/// As the reader does.
pub fn hash_reader(mut from: impl Read, algorithms: &[Algorithm]) -> io::Result<Hashed> {
    let mut hashing = Hashing::new(io::sink(), algorithms);
    copy(&mut from, &mut hashing)?;
    Ok(hashing.finish().1)
}

/// Copies through a buffer large enough that hashing, not system calls, sets the pace. Returns how many bytes that were.
///
/// # Errors
///
/// As the reader and the writer do.
pub fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        total += read as u64;
    }
}

/// SHA-512 by OpenSSL: what is kept is named by it, and OpenSSL is 1.4 times as quick as the `sha2` crate
/// (706 beside 504 MB/s on a processor with AVX2). The others are equal, or seldom needed.
struct Sha512(openssl::sha::Sha512);

impl Hasher for Sha512 {
    fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn done(self: Box<Self>) -> Checksum {
        Checksum(hex::encode(self.0.finish()))
    }
}

/// One running hash.
trait Hasher {
    fn feed(&mut self, bytes: &[u8]);
    fn done(self: Box<Self>) -> Checksum;
}

impl<D: sha2::Digest> Hasher for D {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }

    fn done(self: Box<Self>) -> Checksum {
        Checksum(hex::encode(self.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abc` hashed by each algorithm, as `openssl dgst` and `b2sum` print it.
    #[test]
    fn known_answers() {
        let known = [
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (Algorithm::Sha512_256, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            (
                Algorithm::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (
                Algorithm::Blake2b512,
                "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                 7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            ),
        ];
        for (algorithm, sum) in known {
            assert_eq!(Checksum::of(algorithm, b"abc").as_str(), sum, "{algorithm}");
        }
    }

    #[test]
    fn every_checksum_is_as_long_as_promised() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Checksum::of(algorithm, b"").as_str().len(), algorithm.hex_len(), "{algorithm}");
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn case_does_not_tell_checksums_apart() {
        let upper: Checksum = "ABCDEF".parse().unwrap();
        assert_eq!(upper, "abcdef".parse().unwrap());
        for bad in ["", "abc", "zz", "ab cd"] {
            assert!(bad.parse::<Checksum>().is_err(), "{bad:?}");
        }
    }
}
