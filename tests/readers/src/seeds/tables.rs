//! Rosters, registers and lists of captures.

use std::io::{Cursor, Read as _};

use dbase::{FieldValue, Record, TableWriterBuilder, encoding::EncodingRs};
use encoding_rs::{GB18030, GBK};
use rust_xlsxwriter::{Format, Workbook};

use super::{Seeds, named};
use crate::sections;

const HEADINGS: [&str; 9] =
    ["考生号", "学号", "姓名", "性别", "出生日期", "身份证号", "证书编号", "入学日期", "毕业日期"];
const ROWS: [[&str; 9]; 3] = [
    [
        "23530100000001",
        "2023010001",
        "买买提·吐尔逊",
        "女",
        "19491231",
        "11010519491231002X",
        "105811202606000123",
        "20230901",
        "20260701",
    ],
    [
        "23530100000002",
        "2023010002",
        "𠮷䶮㛃",
        "男",
        "2004-02-29",
        "530102200402291233",
        "105811202606000124",
        "2023/9/1",
        "2026年7月1日",
    ],
    [
        "23530100000003",
        "2023010003",
        "张三",
        "男",
        "2004.2.30",
        "530102200402291234",
        "10581-odd",
        "",
        "202607",
    ],
];

pub(crate) fn tables() -> Seeds {
    let text = text();
    let quoted = text.replacen("张三", "\"张\n三, \"\"小三\"\"\"", 1);
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    vec![
        named("utf8.csv", text.as_bytes()),
        named("gbk.csv", GBK.encode(&text.replace("𠮷䶮㛃", "镕")).0.into_owned()),
        named("gb18030.csv", GB18030.encode(&text).0.into_owned()),
        named("utf16.csv", utf16),
        named("quoted-line-end.csv", quoted.as_bytes()),
        named("open-quote.csv", text.replacen("张三", "\"张三", 1)),
        named("semicolons.csv", text.replace(',', ";")),
        named(
            "formulas.csv",
            text.replace("2023010001", "=\"2023010001\"").replace("2023010002", "'2023010002"),
        ),
        named("title-above.csv", format!("某某学院2026届名单\n\n{text}")),
        named("no-headings.csv", "1,2,3\n4,5,6\n"),
        named("table.dbf", dbf(0x4d)),
        named("language-byte-0.dbf", dbf(0)),
        named("lying-count.dbf", with(dbf(0x4d), 4, &[0xff, 0xff, 0xff, 0x7f])),
        named("lying-record.dbf", with(dbf(0x4d), 10, &[0xff, 0xff])),
        named("lying-header.dbf", with(dbf(0x4d), 8, &[0x21, 0])),
        named("text.xlsx", xlsx(false)),
        named("serial-dates.xlsx", xlsx(true)),
        named("old.xls", [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &[0; 512]].concat()),
    ]
}

/// The parts of a workbook, not yet packed, so that mutations reach the cells.
pub(crate) fn workbooks() -> Seeds {
    let parts = |bytes: Vec<u8>| {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut parts = Vec::new();
        for index in 0..zip.len() {
            let mut part = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            parts.push((part.name().unwrap().into_owned(), bytes));
        }
        sections::join(parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
    };
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE sst [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\
        <sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>&b;</t></si></sst>";
    let text = parts(xlsx(false));
    let mut laughing = sections::split(&text);
    laughing
        .iter_mut()
        .filter(|(name, _)| name == "xl/sharedStrings.xml")
        .for_each(|(_, part)| *part = laughs.into());
    vec![
        named("serial-dates", parts(xlsx(true))),
        named("laughs", sections::join(laughing.iter().map(|(name, part)| (name.as_str(), part.as_slice())))),
        named("text", text),
    ]
}

pub(crate) fn captures() -> Seeds {
    let list = "token,file,captured_at,device,operator\n\
        XCAAAA2222,XCAAAA2222.jpg,2026-09-01T08:30:00+08:00,Canon,op1\n\
        XCAAAA3333,\"XCAAAA3333.jpg\",2026-09-01T00:30:00Z,\"Ca\nnon\",op2\n";
    vec![
        named("list.csv", list),
        named("bom.csv", format!("\u{feff}{}", list.replace('\n', "\r\n"))),
        named("gbk.csv", GBK.encode(&list.replace("Canon", "佳能")).0.into_owned()),
        named("no-column.csv", "token,file\na,b\n"),
    ]
}

fn text() -> String {
    let line = |row: &[&str; 9]| format!("{}\n", row.join(","));
    line(&HEADINGS) + &ROWS.iter().map(line).collect::<String>()
}

fn xlsx(serial: bool) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("2026届").unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (row, cells) in (0..).zip(std::iter::once(&HEADINGS).chain(&ROWS)) {
        for (column, cell) in (0..).zip(cells) {
            match column {
                4 | 7 | 8 if serial && row > 0 => {
                    sheet.write_number_with_format(row, column, 46204.5 + f64::from(row), &day).unwrap();
                }
                1 if serial && row > 0 => drop(sheet.write_number(row, column, 2_023_010_001.0).unwrap()),
                _ => drop(sheet.write_string(row, column, *cell).unwrap()),
            }
        }
    }
    sheet.write_boolean(5, 2, true).unwrap();
    sheet.write_formula(6, 2, "=1/0").unwrap();
    workbook.add_worksheet().write_string(0, 0, "说明").unwrap();
    workbook.save_to_buffer().unwrap()
}

fn dbf(language: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let name = |text: &str| text.try_into().unwrap();
    let mut writer = TableWriterBuilder::with_encoding(EncodingRs::from(GBK))
        .add_character_field(name("KSH"), 14)
        .add_character_field(name("XH"), 12)
        .add_character_field(name("XM"), 30)
        .add_date_field(name("CSRQ"))
        .add_numeric_field(name("XZ"), 4, 1)
        .add_logical_field(name("BZ"))
        .build_with_dest(&mut bytes);
    for row in &ROWS {
        let mut record = Record::default();
        let text = |text: &str| FieldValue::Character(Some(text.replace("𠮷䶮㛃", "镕")));
        record.insert("KSH".to_owned(), text(row[0]));
        record.insert("XH".to_owned(), text(row[1]));
        record.insert("XM".to_owned(), text(row[2]));
        record.insert("CSRQ".to_owned(), FieldValue::Date(Some(dbase::Date::new(29, 2, 2004).unwrap())));
        record.insert("XZ".to_owned(), FieldValue::Numeric(Some(2.5)));
        record.insert("BZ".to_owned(), FieldValue::Logical(None));
        writer.write_record(&record).unwrap();
    }
    drop(writer);
    with(bytes.into_inner(), 29, &[language])
}

fn with(mut bytes: Vec<u8>, at: usize, word: &[u8]) -> Vec<u8> {
    bytes[at..at + word.len()].copy_from_slice(word);
    bytes
}
