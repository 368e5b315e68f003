//! What a check says of a parcel and of each file in it.

use api::ProblemCode;
use api::delivery::{DeliveryState, ItemQuery};
use api::job::JobState;
use bag::SafePath;

use super::school::{adopt, enrol, faces, models, school, school_under};
use crate::{delivery, job};

#[test]
fn a_broken_parcel_is_sent_back_and_leaves_no_trace() {
    let school = school();
    let good = school.parcel(&[("XCA".to_owned(), b"x".to_vec())]);
    let objects = school.objects();
    let mut evil = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let name = b"parcel/../../../evil";
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_size(4);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    evil.append(&header, &b"evil"[..]).unwrap();
    let mut flipped = good.clone();
    let data = flipped.iter().rposition(|&byte| byte == b'x').unwrap();
    flipped[data] = b'y';
    let foreign = {
        let (other, _) = enrol(&school.office, &school.it);
        let dir = tempfile::tempdir().unwrap();
        let unpacked =
            bag::unpack(&good[..], dir.path(), bag::Limits { files: 99, bytes: 1 << 20, path_len: 99 });
        let dir = unpacked.unwrap().dir;
        bag::sign(&dir, &other.identity).unwrap();
        bag::serialise(&dir, &SafePath::new("parcel").unwrap(), Vec::new()).unwrap()
    };
    let cases = [
        (evil.into_inner().unwrap(), "PACKAGE-UNSAFE-NAME"),
        (flipped, "BAG-"),
        (foreign, "SIGNATURE-FOREIGN"),
        (b"no package at all".to_vec(), "PACKAGE-MALFORMED"),
    ];
    for (tar, wanted) in cases {
        let id = school.deliver(&tar);
        assert_eq!(school.work(id), JobState::Done, "{wanted}");
        let delivery = school.get(id);
        assert_eq!(delivery.state, DeliveryState::Rejected, "{wanted}");
        let defect = &school.seen_by_vendor(id).defects[0];
        assert!(defect.codes[0].starts_with(wanted), "{wanted}: {defect:?}");
        assert_eq!(school.quarantined(), 0, "{wanted}");
        assert!(
            delivery::items(&school.office, &school.registrar, id, &ItemQuery::default())
                .unwrap()
                .items
                .is_empty()
        );
    }
    assert_eq!(school.objects(), objects);
    assert!(!school.dir.path().join("evil").exists() && !school.dir.path().join("data/evil").exists());
}

#[test]
fn without_models_a_delivery_waits_unharmed_and_says_why() {
    let school = school();
    if models().is_dir() {
        return;
    }
    let id = school.deliver(&school.parcel(&[("XCA".to_owned(), b"x".to_vec())]));
    assert_eq!(school.work(id), JobState::Failed);
    let jobs = job::list(&school.office, &school.registrar, Some(&id.to_string())).unwrap();
    assert_eq!(jobs[0].problem.as_ref().unwrap().code, ProblemCode::ModelUnavailable);
    assert_eq!(school.get(id).state, DeliveryState::Received);
    assert_eq!(school.quarantined(), 1);
}

#[test]
fn the_mark_on_a_view_leaves_a_face_what_it_is() {
    let school = school();
    let Some(pairs) = faces(&school.office, 4) else { return };
    let engine = school.office.engine().unwrap();
    let policy = crate::face::rules("demo-relaxed").unwrap().faces;
    let template = |bytes: &[u8]| engine.template_patiently(bytes.to_vec(), &policy).unwrap();
    for (one, other) in &pairs {
        let (marked, _) =
            crate::watermark::view(one.clone(), "李教务  registrar  2026-11-26 16:20  #12345").unwrap();
        assert_ne!(&marked, one);
        let seen = template(&marked);
        let (same, apart) = (seen.compare(&template(one)).unwrap(), seen.compare(&template(other)).unwrap());
        println!("with itself unmarked {:.3}, with another picture {:.3}", same.cosine(), apart.cosine());
        assert!(same.cosine() > 0.8 && apart.cosine() > 0.471, "the mark hides the face");
    }
}

/// A JPEG in printing colours of one grey: baseline, four components (ITU-T T.81).
fn printed(width: u16, height: u16) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &len[..], content].concat()
    };
    let ([w1, w0], [h1, h0]) = (width.to_be_bytes(), height.to_be_bytes());
    let one_code = |kind: u8| [&[kind, 1][..], &[0; 15], &[0]].concat();
    let frame =
        [&[8, h1, h0, w1, w0, 4][..], &(1..=4).flat_map(|n| [n, 0x11, 0]).collect::<Vec<u8>>()].concat();
    let scan = [&[4][..], &(1..=4).flat_map(|n| [n, 0]).collect::<Vec<u8>>(), &[0, 63, 0]].concat();
    // Of each component's block two bits: no difference, no more coefficients.
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc0, &frame),
        segment(0xc4, &one_code(0)),
        segment(0xc4, &one_code(0x10)),
        segment(0xda, &scan),
        vec![0; blocks],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// The same JPEG, which says of itself that it is this large.
fn said_to_be(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(3).position(|bytes| bytes == [0xff, 0xc0, 0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

fn written(picture: &image::DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_pixel_density(image::codecs::jpeg::PixelDensity::dpi(300));
    let (width, height) = (picture.width(), picture.height());
    encoder.encode(picture.as_bytes(), width, height, picture.color().into()).unwrap();
    bytes
}

#[test]
fn each_bad_file_of_a_delivery_is_refused_with_its_own_reason_and_the_others_go_on() {
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    let school = school_under("jbz-2017-99");
    adopt(&school, 0.999, -0.999);
    let portrait = |n| image::DynamicImage::ImageRgb8(verify::draw::portrait(n, 1).pixels);
    let ground = || image::RgbImage::from_pixel(480, 640, image::Rgb(verify::draw::BACKGROUND));
    let mut house = ground();
    for (x, y, pixel) in house.enumerate_pixels_mut() {
        if (140..340).contains(&x) && y > 300 && (x + y) % 97 > 8 {
            *pixel = image::Rgb([150, 60, 40]);
        }
    }
    let mut both = ground();
    for (n, x) in [(3, 0), (4, 240)] {
        let half = portrait(n).resize_exact(240, 320, image::imageops::FilterType::Triangle).into_rgb8();
        image::imageops::replace(&mut both, &half, x, 160);
    }
    let heic = [&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], &[0; 4096]].concat();
    let whole = verify::draw::portrait_jpeg(0, 1);
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (whole.clone(), &[]),
        (Vec::new(), &["FILE-EMPTY"]),
        (heic, &["FILE-HEIC"]),
        (printed(480, 640), &["FILE-CMYK"]),
        (b"GIF89a of some sort".to_vec(), &["FILE-FORMAT"]),
        (b"a letter".to_vec(), &["FILE-NOT-AN-IMAGE"]),
        (whole[..whole.len() / 2].to_vec(), &["FILE-CUT-OFF"]),
        (said_to_be(whole, 11_600, 8_700), &["FILE-TOO-MANY-PIXELS"]),
        (written(&image::DynamicImage::ImageLuma8(portrait(8).into_luma8())), &["IMG-03"]),
        (written(&image::DynamicImage::ImageRgb8(house)), &["FACE-NO-FACE"]),
        (written(&image::DynamicImage::ImageRgb8(both)), &["FACE-SEVERAL-FACES"]),
    ];
    let admission: Vec<_> = (0..cases.len() as u64).map(|n| verify::draw::portrait_jpeg(n, 0)).collect();
    let people = school.enrol_people(&admission);
    let photos: Vec<_> =
        people.iter().zip(&cases).map(|((_, token), (bytes, _))| (token.clone(), bytes.clone())).collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    assert_eq!(items.len(), cases.len());
    for ((person, _), (_, wanted)) in people.iter().zip(&cases) {
        let item = items.iter().find(|item| item.person == Some(*person)).unwrap();
        let blocking: Vec<_> = item
            .findings
            .iter()
            .filter(|finding| finding.severity == "block" && finding.status == "failed")
            .map(|finding| (finding.code.as_str(), finding.measured.as_deref()))
            .collect();
        println!("{wanted:?}: {blocking:?}");
        let codes: Vec<_> = blocking.iter().map(|(code, _)| *code).collect();
        match wanted {
            [first, ..] => assert!(codes.contains(first), "{wanted:?}: {blocking:?}"),
            [] => assert!(codes.is_empty(), "{blocking:?}"),
        }
    }
}
