//! 学校整体人像比对报告, with the 人工核查汇总表 of everyone who was not found normal.

use api::Timestamp;
use api::cohort::{CaseRow, Cohort, Counts, Disposition, Outcome, Sample, Word};

use super::{begin, concluded, method, signatures, similarity};
use crate::acceptance::time;
use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// Someone who was found doubtful or abnormal, or waits to be looked at.
#[derive(Debug, Clone)]
pub struct CaseOnPaper {
    /// The student number, as it is to be printed.
    pub number: String,
    /// What a list on a screen says.
    pub row: CaseRow,
    /// What people said of it, all rounds.
    pub words: Vec<Word>,
}

/// The people of one college (学院).
#[derive(Debug, Clone)]
pub struct GroupOnPaper {
    /// Its name; empty for people of none.
    pub name: String,
    /// Of each of them: what the machine says, and what it comes to once that is settled.
    pub people: Vec<(Outcome, Option<Disposition>)>,
}

/// The report on a cohort, to be printed, signed and sealed.
///
/// # Errors
///
/// When a character has no glyph or the PDF can't be written.
pub fn cohort_report(
    fonts: &Fonts,
    language: Language,
    school: &str,
    cohort: &Cohort,
    listed: &[CaseOnPaper],
    groups: &[GroupOnPaper],
    at: Timestamp,
) -> Result<Vec<u8>, PaperError> {
    let say = |zh, en| language.say(zh, en);
    let title = say("学校整体人像比对报告", "Report on a campaign's face comparison");
    let mut sheet = Sheet::new(fonts, language, title, at);
    begin(&mut sheet, language, cohort, &cohort.id.to_string());
    let mut facts = vec![
        (say("学校", "School"), school.to_owned()),
        (say("采集批次", "Campaign"), cohort.campaign_name.clone()),
        (say("比对编号", "Cohort"), cohort.id.to_string()),
        (say("比对完成", "Compared"), time(cohort.at)),
        (say("发起人", "Started by"), cohort.by.clone()),
    ];
    facts.extend(method(language, cohort));
    facts.push((say("报告出具", "Report made"), time(at)));
    sheet.facts(&facts);
    machine(&mut sheet, language, &cohort.counts);
    people(&mut sheet, language, &cohort.counts);
    colleges(&mut sheet, language, groups, &cohort.counts);
    sample(&mut sheet, language, &cohort.sample);
    sources(&mut sheet, language);
    list(&mut sheet, language, listed);
    signatures(&mut sheet, language, cohort);
    sheet.signatures(&[
        say("审查人员（签字、日期）", "Examiner (signature, date)"),
        say("部门负责人（签字、日期）", "Head of department (signature, date)"),
        say("校领导（签字、日期）", "School leader (signature, date)"),
        say("学校（盖章）", "School (seal)"),
    ]);
    sheet.finish()
}

fn machine(sheet: &mut Sheet<'_>, language: Language, counts: &Counts) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("机器比对结果（仅为建议）", "What the machine proposes"));
    let row = |outcome, count| share(language.word("cohort_outcome", outcome), count, counts.people);
    sheet.figures(
        &[say("比对结果", "Answer"), say("人数", "People"), say("占比", "Share")],
        &[4.0, 1.5, 1.5],
        &[
            row(Outcome::Match, counts.matched),
            row(Outcome::Unsure, counts.unsure),
            row(Outcome::NoMatch, counts.no_match),
            row(Outcome::ByHand, counts.by_hand),
            share(say("名册人数", "On the roster").to_owned(), counts.people, counts.people),
        ],
    );
    sheet.facts(&[
        (say("比对的照片", "Photos compared"), counts.photos.to_string()),
        (say("比对的照片对", "Pairs compared"), counts.pairs.to_string()),
    ]);
}

fn people(sheet: &mut Sheet<'_>, language: Language, counts: &Counts) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("人工核查结论", "What people found"));
    let row = |disposition, count| share(language.word("disposition", disposition), count, counts.people);
    let mut rows = vec![
        row(Disposition::Normal, counts.normal),
        row(Disposition::Doubtful, counts.doubtful),
        row(Disposition::Abnormal, counts.abnormal),
        share(say("待核查", "waiting").to_owned(), counts.waiting, counts.people),
    ];
    let told = counts.normal + counts.doubtful + counts.abnormal + counts.waiting;
    let rest = counts.people.saturating_sub(told);
    if rest > 0 {
        let name = say(
            "机器一致、未抽中，审查人员签署后计为正常",
            "match, not drawn: normal once the examiner signs",
        );
        rows.push(share(name.to_owned(), rest, counts.people));
    }
    let head = [say("人工结论", "Found"), say("人数", "People"), say("占比", "Share")];
    sheet.figures(&head, &[4.0, 1.5, 1.5], &rows);
}

fn colleges(sheet: &mut Sheet<'_>, language: Language, groups: &[GroupOnPaper], all: &Counts) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("按学院", "By college"));
    let mut rows: Vec<_> = groups.iter().map(|group| college(language, group)).collect();
    let settled = all.normal + all.doubtful + all.abnormal;
    rows.push(figures(
        say("合计", "All"),
        [all.people, all.matched, all.unsure, all.no_match, all.by_hand],
        [all.normal, all.doubtful, all.abnormal, all.people.saturating_sub(settled)],
    ));
    sheet.figures(
        &[
            say("学院", "College"),
            say("人数", "People"),
            say("机器\n一致", "Match"),
            say("机器\n存疑", "Unsure"),
            say("机器\n不一致", "No\nmatch"),
            say("机器\n未比对", "Not com-\npared"),
            say("人工\n正常", "Normal"),
            say("人工\n存疑", "Doubtful"),
            say("人工\n异常", "Abnormal"),
            say("尚无\n结论", "Not\nsettled"),
        ],
        &[38.0, 13.0, 14.5, 14.5, 14.5, 16.0, 14.0, 16.0, 17.0, 14.0],
        &rows,
    );
}

fn college(language: Language, group: &GroupOnPaper) -> Vec<String> {
    let said = |wanted| group.people.iter().filter(|(said, _)| *said == wanted).count() as u64;
    let found = |wanted| group.people.iter().filter(|(_, found)| *found == wanted).count() as u64;
    let name = match group.name.as_str() {
        "" => language.say("未填学院", "of no college"),
        name => name,
    };
    figures(
        name,
        [
            group.people.len() as u64,
            said(Outcome::Match),
            said(Outcome::Unsure),
            said(Outcome::NoMatch),
            said(Outcome::ByHand),
        ],
        [
            found(Some(Disposition::Normal)),
            found(Some(Disposition::Doubtful)),
            found(Some(Disposition::Abnormal)),
            found(None),
        ],
    )
}

fn figures(name: &str, machine: [u64; 5], people: [u64; 4]) -> Vec<String> {
    let figures = machine.into_iter().chain(people).map(|figure| figure.to_string());
    [name.to_owned()].into_iter().chain(figures).collect()
}

fn sample(sheet: &mut Sheet<'_>, language: Language, sample: &Sample) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("一致者的随机抽查", "The sample of the clear cases"));
    let bound = match sample.wrong_at_most {
        Some(share) => format!(
            "{} {:.2} %{}",
            say("至多", "at most"),
            share * 100.0,
            say("（95 % 置信，Clopper-Pearson）", " (95 % confidence, Clopper-Pearson)")
        ),
        None => say("不详：抽样尚无人核查", "not known: nobody has looked at one of the sample").to_owned(),
    };
    sheet.facts(&[
        (say("抽样比例", "Drawn"), format!("{} %", sample.percent)),
        (say("抽样人数", "People in it"), sample.size.to_string()),
        (say("已核查", "Looked at"), sample.looked_at.to_string()),
        (say("与机器结果相反", "Machine contradicted"), sample.contradicted.to_string()),
        (say("一致者中的错误率", "Wrong clear cases"), bound),
    ]);
}

fn sources(sheet: &mut Sheet<'_>, language: Language) {
    let say = |zh, en| language.say(zh, en);
    sheet.heading(say("方法与数据来源", "Method and sources"));
    for text in [
        say(
            "机器逐对比较同一人的照片，并在其他人的照片中查找过于相似者，只提出建议；结论由人作出，经三级审签成立。",
            "The machine compares the photos of each person with one another, looks for other people too much like \
             them, and only proposes. People conclude; no conclusion holds before all three levels have signed.",
        ),
        say(
            "机器判为一致、未抽中者没有人逐一查看，自审查人员签署起计为正常；其中有误的比例上限由抽查得出。",
            "A match that was not drawn for the sample is looked at by nobody and counts as normal once the examiner \
             has signed; the sample says how many of them may be wrong at most.",
        ),
        say(
            "相似度为余弦值（-1 至 1），不是百分比，也不是同一人的概率；更换模型或校准后不可相互比较。表中四舍五入到三位，\
             判定依据未舍入的值。",
            "Similarity is a cosine from -1 to 1, neither a percentage nor the probability that it is one person. \
             Figures of another model or calibration can't be held against it. They are rounded to three digits here; \
             the machine goes by what is not rounded.",
        ),
        say(
            "人数取自批次名册；照片、照片对与比对结果取自本次比对的记录；阈值取自所列校准版本；人工结论取自核查人逐人提交的意见；\
             错误率由已核查的抽查个案算出。待签内容为规范 JSON（RFC 8785），各级以本人 Ed25519 密钥签署。",
            "People are those of the campaign's roster. Photos, pairs and answers come from the record of this \
             comparison; thresholds from the calibration named; conclusions from what people said of each case; the \
             share of wrong clear cases from the sample that was looked at. What is signed is canonical JSON (RFC \
             8785), each time by the signer's own Ed25519 key.",
        ),
    ] {
        sheet.paragraph(text);
    }
}

/// The list lies on pages of its own.
fn list(sheet: &mut Sheet<'_>, language: Language, listed: &[CaseOnPaper]) {
    let say = |zh, en| language.say(zh, en);
    if !listed.is_empty() {
        sheet.lie();
    }
    sheet.heading(say("人工核查汇总表", "People found doubtful or abnormal, or waiting"));
    if listed.is_empty() {
        sheet.paragraph(say(
            "无：没有认定为存疑或异常的人，也没有待核查的人。",
            "None: nobody was found doubtful or abnormal, and nobody waits to be looked at.",
        ));
        return;
    }
    let count = listed.len();
    sheet.paragraph(&match language {
        Language::Chinese => format!("共 {count} 人，为认定存疑或异常者，以及待核查者；其余均不列出。"),
        Language::English => format!("{count} people; nobody else is listed."),
    });
    let rows: Vec<_> = listed.iter().map(|case| listing(language, case)).collect();
    sheet.table(
        &[
            say("学号", "Number"),
            say("姓名", "Name"),
            say("学院", "College"),
            say("班级", "Class"),
            say("比对结果", "Machine"),
            say("相似度", "Similarity"),
            say("原因", "Why"),
            say("人工结论", "Found"),
            say("核查人", "By"),
            say("备注", "Remarks"),
        ],
        &[25.0, 25.0, 30.0, 31.0, 18.0, 17.0, 38.0, 18.0, 22.0, 34.0],
        &rows,
    );
    sheet.stand();
}

fn listing(language: Language, case: &CaseOnPaper) -> Vec<String> {
    let say = |zh, en| language.say(zh, en);
    let row = &case.row;
    let reasons = row.reasons.iter().map(|code| language.reason(code));
    let reasons = reasons.chain(row.sampled.then(|| say("抽查", "drawn for the sample")));
    // What was said before another look was asked for is no conclusion.
    let words: Vec<_> = Word::of_last_round(&case.words).filter(|_| row.disposition.is_some()).collect();
    let by: Vec<_> = words.iter().map(|word| word.by.as_str()).collect();
    let notes = words.iter().map(|word| word.note.as_str()).filter(|note| !note.is_empty());
    vec![
        case.number.clone(),
        row.name.clone(),
        row.college.clone(),
        row.class.clone(),
        language.word("cohort_outcome", row.outcome),
        similarity(row.similarity),
        reasons.collect::<Vec<_>>().join(say("；", "; ")),
        concluded(language, row.disposition),
        by.join(say("、", ", ")),
        notes.collect::<Vec<_>>().join(say("；", "; ")),
    ]
}

fn share(name: String, count: u64, of: u64) -> Vec<String> {
    #[expect(clippy::cast_precision_loss, reason = "people of a school")]
    let share = match of {
        0 => "—".to_owned(),
        _ => format!("{:.2} %", count as f64 / of as f64 * 100.0),
    };
    vec![name, count.to_string(), share]
}
