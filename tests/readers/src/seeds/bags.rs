//! Bags as folders and as tapes, their signatures, and OCFL objects.

use std::path::Path;

use archive::ocfl::{Root, Source, User, Version};
use bag::{SafePath, serialise, sign};

use super::{Seeds, named};
use crate::{
    sections,
    targets::{ID, authority, small},
};

pub(crate) fn bags() -> Seeds {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bag");
    small(&place);
    let whole = folder(&place);
    // What is changed by hand below is not what the tag manifest says.
    let text = String::from_utf8(whole.clone()).unwrap();
    let (before, listed) = text.split_once("=== tagmanifest").unwrap();
    assert!(!listed.contains("=== "), "the tag manifest is the last file");
    let text = before;
    let gbk = encoding_rs::GB18030.encode(&text.replace("UTF-8", "GB18030")).0.into_owned();
    vec![
        named("whole", whole),
        named("star", text.replace("  data/", " *./data/")),
        named("gb18030", gbk),
        named("climbs", text.replace("data/photos/one", "data/../../one")),
        named(
            "fetch",
            text.replace(
                "=== data/photos/one.jpg\none\n",
                "=== fetch.txt\nhttps://example.org/1 4 data/photos/one.jpg\n",
            ),
        ),
        named("continued", text.replace("Source-Organization: ", "Source-Organization:\n\t")),
        named("old", text.replace("BagIt-Version: 1.0", "BagIt-Version: 0.96")),
    ]
}

pub(crate) fn tapes() -> Seeds {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bag");
    small(&place);
    let top = SafePath::new("parcel").unwrap();
    let whole = serialise(&place, &top, Vec::new()).unwrap();
    let long = format!("parcel/data/{}/a.jpg", "长".repeat(60));
    let mut odd = vec![named("whole.tar", whole.clone()), named("cut.tar", &whole[..whole.len() / 2])];
    for (name, kind, inside) in [
        ("link.tar", b'2', "parcel/data/link"),
        ("hard.tar", b'1', "parcel/data/hard"),
        ("device.tar", b'3', "parcel/data/device"),
        ("climbs.tar", b'0', "parcel/../../up"),
        ("drive.tar", b'0', "C:/up"),
        ("second-top.tar", b'0', "other/file"),
        ("folder.tar", b'5', "parcel/data/folder/"),
        ("gnu-long.tar", b'L', "././@LongLink"),
        ("pax.tar", b'x', "parcel/pax"),
        ("sparse.tar", b'S', "parcel/data/sparse"),
    ] {
        let body = match kind {
            b'L' => long.as_bytes().to_vec(),
            b'x' => b"28 path=parcel/data/pax.jpg\n12 size=999\n".to_vec(),
            b'0' => b"one".to_vec(),
            _ => Vec::new(),
        };
        let mut bytes = header(inside, kind, body.len() as u64);
        bytes.extend(&body);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes.extend(&whole);
        odd.push(named(name, bytes));
    }
    odd
}

/// The header of one entry of a tar archive (POSIX ustar).
#[must_use]
pub fn header(name: &str, kind: u8, len: u64) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{len:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    if matches!(kind, b'1' | b'2') {
        put(157, b"/etc/passwd");
    }
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

pub(crate) fn signatures() -> Seeds {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bag");
    small(&place);
    sign(&place, &authority().0).unwrap();
    let whole = fs_err::read(place.join("signature.p7s")).unwrap();
    vec![named("half.p7s", &whole[..whole.len() / 2]), named("whole.p7s", whole), named("empty.p7s", "")]
}

pub(crate) fn inventories() -> Seeds {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("root")).unwrap();
    let id = ID.parse().unwrap();
    let path = |name: &str| SafePath::new(name).unwrap();
    let user = || User {
        name: "archive".to_owned(),
        address: Some("urn:uuid:6ba7b811-9dad-41d1-80b4-00c04fd430c8".to_owned()),
    };
    let mut batch = root.batch().unwrap();
    batch
        .put(
            Version::new(id, "kept", user(), jiff::Timestamp::UNIX_EPOCH)
                .file(path("photo/a.jpg"), Source::Bytes(b"pixels\n".to_vec()))
                .file(path("dossier.json"), Source::Bytes(b"{}\n".to_vec())),
        )
        .unwrap();
    batch.commit().unwrap();
    let mut batch = root.batch().unwrap();
    let second = Version::new(id, "corrected", user(), jiff::Timestamp::UNIX_EPOCH).keep_others();
    batch.put(second.file(path("dossier.json"), Source::Bytes(b"{ }\n".to_vec()))).unwrap();
    batch.commit().unwrap();
    let whole = folder(&root.path().join(root.folder(id)));
    let text = String::from_utf8(whole.clone()).unwrap();
    vec![
        named("whole", whole),
        named("climbs", text.replace("v1/content/photo/a.jpg", "v1/content/../../../a.jpg")),
        named("no-head", text.replacen("\"head\": \"v2\"", "\"head\": \"v9\"", 1)),
        named("old", text.replace("1.1/spec", "1.0/spec").replace("object_1.1", "object_1.0")),
        named("padded", text.replace("\"v1\"", "\"v001\"").replace("v1/", "v001/")),
        named(
            "deep",
            text.replacen("\"manifest\": {", &format!("\"x\": {}, \"manifest\": {{", "[".repeat(200)), 1),
        ),
    ]
}

/// Every file below a folder, as sections.
fn folder(dir: &Path) -> Vec<u8> {
    let mut files = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                files.push((name, fs_err::read(entry.path()).unwrap()));
            }
        }
    }
    files.sort();
    sections::join(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}
