//! PDFs of one page that is one picture, as scanners make them (ISO 32000-1).

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// A PDF around the stream of a picture; `trailer` goes into its trailer.
#[must_use]
pub fn pdf(picture: &str, stream: &[u8], trailer: &str) -> Vec<u8> {
    let content = b"q 595 0 0 842 0 0 cm /Im0 Do Q";
    let head = format!("<< /Type /XObject {picture} /Length {} >>\nstream\n", stream.len());
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
          /Resources << /XObject << /Im0 5 0 R >> >> >>"
            .to_vec(),
        [format!("<< /Length {} >>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"].concat(),
        [head.as_bytes(), stream, b"\nendstream"].concat(),
    ];
    with_table(&objects, trailer)
}

/// Pages whose children are themselves, and a page tree that leads back up.
pub(super) fn looped() -> Vec<u8> {
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>".to_vec(),
        b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 /Resources 3 0 R >>".to_vec(),
    ];
    with_table(&objects, "/Prev 9")
}

/// A PDF whose only page lies inside so many arrays.
#[must_use]
pub fn nested(arrays: usize) -> Vec<u8> {
    let kids = format!("<< /Type /Pages /Count 1 /Kids {} 3 0 R", "[".repeat(arrays));
    with_table(&[b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), kids.into_bytes()], "")
}

fn with_table(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{number} 0 obj\n").bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"));
    }
    let at = file.len();
    let size = objects.len() + 1;
    let end = format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{at}\n%%EOF\n");
    file.extend(table.bytes().chain(end.bytes()));
    file
}

/// A PDF whose catalog lies in an object stream, which unpacks to `inside`, and whose table is a stream (§7.5.7, §7.5.8).
#[must_use]
pub fn object_stream(inside: &[u8]) -> Vec<u8> {
    let packed = deflated(&[b"1 0 ", inside].concat());
    let mut file = b"%PDF-1.5\n".to_vec();
    let pages = file.len();
    file.extend(b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
    let page = file.len();
    file.extend(b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n");
    let holder = file.len();
    let length = packed.len();
    file.extend(
        format!("4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {length} >>\nstream\n")
            .bytes(),
    );
    file.extend(packed.into_iter().chain(*b"\nendstream\nendobj\n"));
    let at = file.len();
    let mut rows = vec![0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0];
    for place in [pages, page, holder, at] {
        rows.push(1);
        rows.extend((place as u32).to_be_bytes());
        rows.extend([0, 0]);
    }
    let rows = deflated(&rows);
    file.extend(
        format!(
            "5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R /Filter /FlateDecode /Length {} >>\nstream\n",
            rows.len()
        )
        .bytes(),
    );
    file.extend(rows.into_iter().chain(*b"\nendstream\nendobj\n"));
    file.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
    file
}

pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
