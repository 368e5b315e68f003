//! Good files and every kind of bad one.

use std::{
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use dbase::{FieldValue, Record, TableWriterBuilder, encoding::EncodingRs};
use encoding_rs::GBK;
use jiff::civil::date;
use proptest::prelude::*;
use rust_xlsxwriter::{Format as CellFormat, Workbook};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::*;
use crate::person::Sex;

/// Two people whose identity numbers are right.
const ROWS: [[&str; 8]; 2] = [
    [
        "23530100000001",
        "2023010001",
        "买买提·吐尔逊",
        "女",
        "19491231",
        "11010519491231002X",
        "20230901",
        "20260701",
    ],
    [
        "23530100000002",
        "2023010002",
        "𠮷䶮㛃",
        "男",
        "20040229",
        "530102200402291233",
        "20230901",
        "20260701",
    ],
];
const HEADINGS: [&str; 8] =
    ["考生号", "学号", "姓名", "性别", "出生日期", "身份证号", "入学日期", "预计毕业日期"];

fn limits() -> TableLimits {
    TableLimits::default()
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The two rows as text, some cells replaced: (row, column, value).
fn csv_text(changes: &[(usize, usize, &str)]) -> String {
    let mut rows = ROWS.map(|row| row.map(str::to_owned));
    for &(row, column, value) in changes {
        rows[row][column] = value.to_owned();
    }
    let lines = rows.iter().map(|row| row.join(","));
    std::iter::once(HEADINGS.join(",")).chain(lines).collect::<Vec<_>>().join("\n")
}

fn read_text(text: impl AsRef<[u8]>) -> Result<Roster, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    read_roster(&file(&folder, "roster.csv", text), limits())
}

/// The problems as `row column code severity`.
fn told(problems: &[Problem]) -> Vec<String> {
    let row = |problem: &Problem| problem.place.row.map_or_else(|| "-".to_owned(), |row| row.to_string());
    let column = |problem: &Problem| problem.place.column.map_or("-", Column::code);
    problems.iter().map(|p| format!("{} {} {} {:?}", row(p), column(p), p.code(), p.severity)).collect()
}

fn check_two_people(roster: &Roster) {
    assert_eq!(told(&roster.problems), Vec::<String>::new());
    assert_eq!(roster.sound().count(), 2);
    let first = &roster.rows[0];
    assert_eq!((first.row, first.record.name.as_str()), (2, "买买提·吐尔逊"));
    assert_eq!(first.record.candidate_number.as_deref(), Some("23530100000001"));
    assert_eq!(first.record.sex, Some(Sex::Female));
    assert_eq!(first.record.birth_date, Some(date(1949, 12, 31)));
    assert_eq!(first.record.expected_graduation, Some(date(2026, 7, 1)));
    assert_eq!(roster.rows[1].record.name, "𠮷䶮㛃");
}

#[test]
fn a_roster_is_read_from_text_in_utf8_and_in_gbk() {
    check_two_people(&read_text(csv_text(&[])).unwrap());
    check_two_people(&read_text(format!("\u{FEFF}{}", csv_text(&[]))).unwrap());
    let gb18030 = encoding_rs::GB18030.encode(&csv_text(&[])).0.into_owned();
    check_two_people(&read_text(gb18030).unwrap());
    let gbk = GBK.encode("姓名,学号\n张三,2023010001\n").0.into_owned();
    assert_eq!(read_text(gbk).unwrap().rows[0].record.name, "张三");
}

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn read_workbook(fill: impl FnOnce(&mut Workbook)) -> Result<Roster, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    read_roster(&file(&folder, "roster.xlsx", workbook(fill)), limits())
}

#[test]
fn a_roster_is_read_from_a_workbook_with_titles_code_names_and_several_sheets() {
    let roster = read_workbook(|workbook| {
        let codes = ["KSH", "XH", "XM", "XB", "CSRQ", "SFZH", "RXRQ", "YJBYRQ"];
        for (row, name) in [(0, "一班"), (1, "二班")] {
            let sheet = workbook.add_worksheet().set_name(name).unwrap();
            sheet.write(0, 0, "二〇二六届名单").unwrap();
            for (column, code) in (0..).zip(codes) {
                sheet.write(2, column, code).unwrap();
                sheet.write(3, column, ROWS[row][usize::from(column)]).unwrap();
            }
        }
        workbook.add_worksheet().set_name("说明").unwrap().write(0, 0, "请核对").unwrap();
    })
    .unwrap();
    assert_eq!(told(&roster.problems), ["- - sheet-ignored Warn"]);
    assert_eq!(roster.sound().count(), 2);
    assert_eq!((roster.rows[1].sheet.as_deref(), roster.rows[1].row), (Some("二班"), 4));
}

#[test]
fn dates_and_numbers_typed_as_such_are_read_and_lost_digits_are_noticed() {
    let roster = read_workbook(|workbook| {
        let sheet = workbook.add_worksheet();
        for (column, heading) in (0..).zip(["姓名", "学号", "出生日期", "身份证号"]) {
            sheet.write(0, column, heading).unwrap();
        }
        let day = CellFormat::new().set_num_format("yyyy-mm-dd");
        sheet.write(1, 0, "张三").unwrap();
        sheet.write(1, 1, 2_023_010_001.0).unwrap();
        sheet.write_with_format(1, 2, 38046.0, &day).unwrap();
        sheet.write(1, 3, 530_102_200_402_291_236.0).unwrap();
    })
    .unwrap();
    assert_eq!(told(&roster.problems), ["2 SFZH lost-digits Block"]);
    assert_eq!(roster.rows[0].record.student_number.as_deref(), Some("2023010001"));
    assert_eq!(roster.rows[0].record.birth_date, Some(date(2004, 2, 29)));
    assert!(roster.rows[0].blocked);
}

fn dbf_table(language: u8) -> Vec<u8> {
    let fields = ["KSH", "XH", "XM", "XB", "CSRQ", "SFZH", "RXRQ", "YJBYRQ"];
    let mut builder = TableWriterBuilder::with_encoding(EncodingRs::from(encoding_rs::GB18030));
    for field in fields {
        builder = builder.add_character_field(field.try_into().unwrap(), 40);
    }
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = builder.build_with_dest(&mut bytes);
    for row in ROWS {
        let mut record = Record::default();
        for (field, value) in fields.iter().zip(row) {
            record.insert((*field).to_owned(), FieldValue::Character(Some(value.to_owned())));
        }
        writer.write_record(&record).unwrap();
    }
    drop(writer);
    let mut bytes = bytes.into_inner();
    bytes[29] = language;
    bytes
}

#[test]
fn a_dbf_is_read_as_gbk_whatever_its_language_byte_says() {
    let folder = tempfile::tempdir().unwrap();
    for language in [0x00, 0x03, 0x4D, 0x7A] {
        check_two_people(&read_roster(&file(&folder, "roster.dbf", dbf_table(language)), limits()).unwrap());
    }
}

#[test]
fn a_dbf_that_is_cut_off_is_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let table = dbf_table(0);
    for length in [60, 200, table.len() - 200] {
        let error = read_roster(&file(&folder, "roster.dbf", &table[..length]), limits()).unwrap_err();
        assert!(matches!(error, ImportError::Malformed { format: Format::Dbf, .. }), "{length}: {error:?}");
    }
}

#[test]
fn each_fault_of_a_row_is_named_with_its_place() {
    let told = |changes: &[(usize, usize, &str)]| told(&read_text(csv_text(changes)).unwrap().problems);
    assert_eq!(told(&[(1, 5, "530102200402291237")]), ["3 SFZH id-number-check Block"]);
    assert_eq!(told(&[(1, 5, "5301022004022912")]), ["3 SFZH id-number-length Block"]);
    assert_eq!(told(&[(1, 4, "20040228")]), ["3 CSRQ birth-date-differs Block"]);
    assert_eq!(told(&[(1, 3, "女")]), ["3 XB sex-differs Block"]);
    assert_eq!(told(&[(1, 3, "?")]), ["3 XB bad-sex Warn"]);
    assert_eq!(told(&[(1, 4, "20040231")]), ["3 CSRQ bad-date Block"]);
    assert_eq!(told(&[(1, 2, "")]), ["3 XM missing Block"]);
    assert_eq!(told(&[(1, 2, "王??")]), ["3 XM name-missing-character Warn"]);
    assert_eq!(told(&[(1, 0, ""), (1, 1, "")]), ["3 - missing-key Block"]);
    assert_eq!(told(&[(1, 7, "20230901")]), ["3 YJBYRQ dates-out-of-order Warn"]);
    assert_eq!(told(&[(1, 1, "2023 010001")]), ["3 XH duplicate Block"]);
    assert_eq!(told(&[(1, 1, "2023/0002")]), ["3 XH number-character Block"]);
}

#[test]
fn duplicates_name_the_first_row_and_no_number() {
    let roster =
        read_text(csv_text(&[(1, 0, ROWS[0][0]), (1, 5, ROWS[0][5]), (1, 4, "19491231"), (1, 3, "女")]))
            .unwrap();
    assert_eq!(told(&roster.problems), ["3 KSH duplicate Block", "3 SFZH duplicate Block"]);
    assert_eq!(roster.problems[0].params()["first_row"], "2");
    let shown: String = roster.problems.iter().map(|p| format!("{p} {p:?} {:?}", p.params())).collect();
    assert!(!shown.contains(ROWS[0][0]) && !shown.contains(ROWS[0][5]) && !shown.contains("买买提"));
    assert!(roster.is_blocked() && roster.sound().count() == 1);
}

#[test]
fn a_foreign_document_may_have_any_number() {
    let roster = read_text("姓名,学号,证件类型,证件号码,未知列\n张三,1,护照,E1234567,x\n").unwrap();
    assert_eq!(told(&roster.problems), ["1 - unknown-column Warn"]);
    assert_eq!(roster.rows[0].record.id_number.as_deref(), Some("E1234567"));
}

#[test]
fn missing_columns_block_the_roster() {
    assert_eq!(
        told(&read_text("姓名,班级\n张三,1班\n").unwrap().problems[..2]),
        ["- XH missing-column Block", "- SFZH missing-column Warn"]
    );
    assert_eq!(
        told(&read_text("证书编号,学号\n105811202606000001,1\n").unwrap().problems)[0],
        "- XM missing-column Block"
    );
}

#[test]
fn files_that_are_no_tables_say_what_they_are() {
    let code = |bytes: &[u8]| read_text(bytes).unwrap_err().code();
    assert_eq!(code(b""), "file-empty");
    assert_eq!(code("姓名,学号\n".as_bytes()), "file-empty");
    assert_eq!(code("名单\n一\n二\n".as_bytes()), "file-no-header");
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0\0\0"), "file-unknown-format");
    assert_eq!(code(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0, 0, 0]), "file-legacy-xls");
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        code(&[&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &stream].concat()),
        "file-encrypted"
    );
    assert_eq!(code("姓名,学号\n\u{0}".as_bytes()), "file-unknown-format");
    assert_eq!(code(b"\xD0\xD5\xC3\xFB,XH\n\xFF\xFF,1\n"), "file-encoding");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_roster(&folder.path().join("none.csv"), limits()).unwrap_err().code(), "file-unreadable");
    assert_eq!(read_roster(folder.path(), limits()).unwrap_err().code(), "file-unknown-format");
}

#[test]
fn a_malformed_workbook_is_told_from_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let good = workbook(|workbook| {
        workbook.add_worksheet().write(0, 0, "姓名").unwrap();
    });
    let error = |bytes: &[u8]| read_roster(&file(&folder, "roster.xlsx", bytes), limits()).unwrap_err();
    assert!(matches!(error(&good[..good.len() / 2]), ImportError::Malformed { format: Format::Xlsx, .. }));
    let mut damaged = good.clone();
    for byte in damaged.iter_mut().skip(60).take(400) {
        *byte ^= 0x55;
    }
    assert!(matches!(error(&damaged), ImportError::Malformed { .. }));
    assert!(matches!(error(&zip_of(&[("a.txt", b"x")])), ImportError::Malformed { .. }));
    assert!(matches!(error(&good), ImportError::NoHeader { .. }));
}

#[test]
fn tables_over_the_limits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = file(&folder, "roster.csv", csv_text(&[]));
    let limit = |limits| match read_roster(&text, limits).unwrap_err() {
        ImportError::TooLarge { limit, .. } => limit,
        error => panic!("{error:?}"),
    };
    assert_eq!(limit(TableLimits { bytes: 10, ..limits() }), Limit::Bytes);
    assert_eq!(limit(TableLimits { rows: 2, ..limits() }), Limit::Rows);
    assert_eq!(limit(TableLimits { columns: 3, ..limits() }), Limit::Columns);
}

#[test]
fn a_workbook_that_unpacks_to_too_much_or_claims_a_far_cell_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 4 << 20];
    let bomb = file(&folder, "bomb.xlsx", zip_of(&[("xl/workbook.xml", &zeros)]));
    let error = read_roster(&bomb, TableLimits { unpacked_bytes: 1 << 20, ..limits() }).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { limit: Limit::UnpackedBytes, .. }), "{error:?}");
    let far = read_workbook(|workbook| {
        let sheet = workbook.add_worksheet();
        for (column, heading) in (0..).zip(["姓名", "学号"]) {
            sheet.write(0, column, heading).unwrap();
            sheet.write(1_048_575, column, "1").unwrap();
        }
    })
    .unwrap();
    assert_eq!(far.rows[0].row, 1_048_576);
    let wide = read_workbook(|workbook| {
        workbook.add_worksheet().write(0, 16_383, "姓名").unwrap();
    });
    assert!(matches!(wide, Err(ImportError::TooLarge { limit: Limit::Columns, .. })));
}

fn read_register(text: &str, rules: &DiplomaRules) -> Diplomas {
    let folder = tempfile::tempdir().unwrap();
    read_diplomas(&file(&folder, "register.csv", text), limits(), rules).unwrap()
}

#[test]
fn a_certificate_register_is_checked_number_by_number() {
    let rules =
        DiplomaRules { school_code: Some("10581".to_owned()), former_school_codes: vec!["10580".to_owned()] };
    let register = read_register(
        "证书编号,姓名,学号,层次,毕业日期,毕结业,校长\n\
         105811202606000001,张三,1,专科,20260701,毕业,李四\n\
         105811202606000001,张三,2,专科,20260701,毕业,李四\n\
         105811202506000004,张三,3,专科,20260701,毕业,李四\n\
         105811202606000005,张三,4,本科,20260701,毕业,李四\n\
         105801202606000001,张三,5,专科,20260701,毕业,李四\n\
         999991202606000001,张三,6,专科,20260701,毕业,李四\n\
         ,张三,7,专科,20260701,毕业,李四\n\
         ,张三,8,专科,20260701,肄业,李四\n\
         105811202606000006,张三,9,专科,20260701,肄业,李四\n\
         10581120260600000,张三,10,专科,20260701,毕业,李四\n\
         105811202606000009,张三,11,专科,20260701,毕业,李四\n",
        &rules,
    );
    let told = told(&register.problems);
    assert_eq!(
        told,
        [
            "3 ZSBH duplicate Block",
            "4 ZSBH year-differs Block",
            "5 ZSBH level-differs Block",
            "6 ZSBH school-differs Warn",
            "7 ZSBH school-differs Block",
            "8 ZSBH missing Block",
            "10 ZSBH number-not-expected Block",
            "- ZSBH serial-gap Warn",
            "- ZSBH serial-gap Warn",
        ]
    );
    let gap = register.problems.iter().find(|problem| problem.code() == "serial-gap").unwrap().params();
    assert_eq!(
        (gap["series"].as_str(), gap["from"].as_str(), gap["to"].as_str()),
        ("105811202606", "2", "4")
    );
    assert_eq!(register.rows[0].diploma.president.as_deref(), Some("李四"));
    assert!(!register.rows[7].blocked && register.rows[7].diploma.certificate_number.is_empty());
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Every entry as `key size` or as the code of its problem, read to the end.
fn listed(path: &Path, limits: PhotoLimits) -> Result<Vec<String>, ImportError> {
    let mut photos = photos(path, limits)?;
    let mut all = Vec::new();
    while let Some(photo) = photos.next() {
        all.push(match photo {
            Err(problem) => problem.code().to_owned(),
            Ok(mut photo) => {
                let mut bytes = Vec::new();
                match photo.read_to_end(&mut bytes) {
                    Ok(size) => format!("{} {size}", photo.key),
                    Err(error) => PhotoFile::problem(&error).unwrap().code().to_owned(),
                }
            }
        });
    }
    Ok(all)
}

fn list_zip(bytes: impl AsRef<[u8]>) -> Result<Vec<String>, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    listed(&file(&folder, "photos.zip", bytes), PhotoLimits::default())
}

#[test]
fn photos_come_out_of_nested_folders_and_zips_alike() {
    let entries: &[(&str, &[u8])] = &[
        ("信息学院/一班/23530100000001.jpg", b"one"),
        ("信息学院/二班/２３５３０１０００００００２.JPG", b"two!"),
        ("信息学院/Thumbs.db", b"x"),
        ("__MACOSX/._a.jpg", b"x"),
    ];
    let wanted = ["23530100000001 3", "23530100000002 4", "photo-not-a-photo", "photo-not-a-photo"];
    assert_eq!(list_zip(zip_of(entries)).unwrap(), wanted);
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in entries {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut found = listed(folder.path(), PhotoLimits::default()).unwrap();
    found.sort();
    assert_eq!(found, wanted);
}

/// A zip whose one name is replaced byte for byte, as tools write names that are not UTF-8.
fn renamed(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = zip_of(&[(std::str::from_utf8(from).unwrap(), b"photo")]);
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn names_in_gbk_are_read() {
    let gbk = GBK.encode("张三.jpg").0.into_owned();
    assert_eq!(list_zip(renamed(b"abcd.jpg", &gbk)).unwrap(), ["张三 5"]);
    assert_eq!(list_zip(renamed(b"abcd.jpg", b"\xFF\xFFcd.jpg")).unwrap(), ["photo-unreadable-name"]);
}

#[test]
fn paths_that_lead_out_and_device_names_are_refused() {
    for (from, to, code) in [
        ("aa/evil.jpg", "../evil.jpg", "photo-unsafe-path"),
        ("aaa/b/../evil.jpg", "aaa\\..\\evil.j.jpg", "photo-unsafe-path"),
        ("aabsolute.jpg", "/absolute.jpg", "photo-unsafe-path"),
        ("aadrive.jpg", "C:drive.jpg", "photo-unsafe-path"),
        ("aaserver.jpg", "\\\\server.jpg", "photo-unsafe-path"),
        ("dir/aaa.jpg", "dir/NUL.jpg", "photo-device-name"),
        ("aaaa.jpg", "com1.jpg", "photo-device-name"),
    ] {
        let from = if from.len() == to.len() { from.to_owned() } else { "a".repeat(to.len()) };
        assert_eq!(list_zip(renamed(from.as_bytes(), to.as_bytes())).unwrap(), [code], "{to}");
    }
}

#[test]
fn links_are_refused_in_zips_and_folders() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a.jpg", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert_eq!(list_zip(writer.finish().unwrap().into_inner()).unwrap(), ["photo-link"]);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.jpg")).unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("b")).unwrap();
    assert_eq!(listed(folder.path(), PhotoLimits::default()).unwrap(), ["photo-link", "photo-link"]);
}

#[test]
fn bombs_are_refused_by_ratio_by_size_and_by_number() {
    let zeros = vec![0; 8 << 20];
    let bomb = zip_of(&[("1.jpg", &zeros)]);
    assert_eq!(list_zip(&bomb).unwrap(), ["photo-bomb"]);
    let folder = tempfile::tempdir().unwrap();
    let path =
        file(&folder, "photos.zip", zip_of(&[("1.jpg", b"12345"), ("2.jpg", b"123456"), ("3.jpg", b"")]));
    let with = |limits| listed(&path, limits).unwrap();
    let default = PhotoLimits::default();
    assert_eq!(with(PhotoLimits { photo_bytes: 5, ..default }), ["1 5", "photo-too-large", "photo-empty"]);
    assert_eq!(
        with(PhotoLimits { total_bytes: 8, ..default }),
        ["1 5", "photos-too-large-together", "photo-empty"]
    );
    let error = listed(&path, PhotoLimits { entries: 2, ..default }).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { limit: Limit::Entries, .. }));
}

/// Where the size of the only entry stands in the local header and in the directory.
fn lie_about_size(bytes: &mut [u8], size: u32) {
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for at in [22, directory + 24] {
        bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }
}

#[test]
fn an_entry_that_lies_about_its_size_is_stopped_while_reading() {
    let zeros = vec![0; 8 << 20];
    let mut bomb = zip_of(&[("1.jpg", &zeros)]);
    lie_about_size(&mut bomb, 1000);
    let listed = list_zip(&bomb).unwrap();
    assert!(matches!(listed[0].as_str(), "photo-damaged" | "photo-bomb"), "{listed:?}");
}

#[test]
fn damaged_truncated_and_dishonest_zips_are_refused() {
    let noise: Vec<u8> = (0..5000u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let good = zip_of(&[("1.jpg", &noise), ("2.jpg", &noise)]);
    assert!(matches!(
        list_zip(&good[..good.len() - 30]),
        Err(ImportError::Malformed { format: Format::Zip, .. })
    ));
    assert!(matches!(list_zip(b"not a zip"), Err(ImportError::UnknownFormat)));
    assert!(matches!(list_zip(zip_of(&[])), Err(ImportError::Empty)));
    let mut flipped = good.clone();
    flipped[300] ^= 0xFF;
    assert_eq!(list_zip(&flipped).unwrap(), ["photo-damaged", "2 5000"]);
    let mut same_name = zip_of(&[("1.jpg", b"one"), ("2.jpg", b"two")]);
    for at in 0..same_name.len() - 5 {
        if &same_name[at..at + 5] == b"2.jpg" {
            same_name[at] = b'1';
        }
    }
    assert!(matches!(list_zip(&same_name), Err(ImportError::DishonestZip)));
    assert_eq!(
        list_zip(zip_of(&[("a/1.jpg", b"one"), ("b/1.png", b"two")])).unwrap(),
        ["1 3", "photo-duplicate-key"]
    );
}

#[test]
fn overlapping_entries_are_refused() {
    let mut bytes = zip_of(&[("1.jpg", &[7; 3000]), ("2.jpg", &[8; 3000])]);
    // Point the second entry of the directory at the first entry's data.
    let directory: Vec<usize> =
        (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == b"PK\x01\x02").collect();
    let offset = directory[1] + 42;
    bytes[offset..offset + 4].copy_from_slice(&0u32.to_le_bytes());
    let error = list_zip(&bytes).unwrap_err();
    assert!(matches!(error, ImportError::DishonestZip | ImportError::Malformed { .. }), "{error:?}");
}

#[test]
fn problems_keep_names_out_of_logs() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "photos.zip", zip_of(&[("张三_11010519491231002X.gif", b"x")]));
    let mut photos = photos(&path, PhotoLimits::default()).unwrap();
    let problem = photos.next().unwrap().unwrap_err();
    assert!(problem.name.contains("张三"));
    assert!(!format!("{problem} {problem:?}").contains("张三"));
    assert!(problem.kind.is_harmless());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes come, the readers answer and do not crash.
    #[test]
    fn readers_survive_any_bytes(head in 0usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let start: &[u8] = [&b""[..], b"PK\x03\x04", b"\x03\x7A\x07\x01", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "姓名,学号\n".as_bytes()][head];
        let path = file(&folder, "any", [start, &bytes].concat());
        let _ = read_roster(&path, limits());
        let _ = read_diplomas(&path, limits(), &DiplomaRules::default());
        let _ = listed(&path, PhotoLimits::default());
    }

    /// A good file with a few damaged bytes is read, refused or listed with problems, but never crashes the reader.
    #[test]
    fn readers_survive_damage(which in 0usize..3, hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = match which {
            0 => dbf_table(0),
            1 => zip_of(&[("1.jpg", b"one"), ("2.jpg", b"two")]),
            _ => workbook(|workbook| {
                workbook.add_worksheet().write(0, 0, "姓名").unwrap().write(0, 1, "学号").unwrap().write(1, 0, "张三").unwrap();
            }),
        };
        for (place, value) in hits {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let path = file(&folder, "damaged", bytes);
        let _ = read_roster(&path, limits());
        let _ = listed(&path, PhotoLimits::default());
    }
}
