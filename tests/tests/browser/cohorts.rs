//! A campaign's people compared at once: two people look at each doubt apart from each other, and three sign.

use anyhow::{Context as _, Result, ensure};
use api::campaign::{Campaign, NewCampaign};
use api::cohort::{Cohort, CohortState};
use api::dossier::PhotoKind;
use api::{ProblemCode, Role};
use tests::{Browser, Client, PHONE, Page, Photo, Scene, archive, models, refusal};

use crate::look::Look;

/// Whose ID photos were swapped: places among the students.
const SWAPPED: [usize; 2] = [0, 1];

/// The campaign whose people are looked through besides.
const OTHER: &str = "2024级";

#[test]
fn a_cohort_is_compared_looked_at_by_two_and_signed_by_three() -> Result<()> {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return Ok(());
    }
    let scene = Scene::open(16)?.staffed()?.calibrated()?;
    swap(&scene)?;
    other_campaign(&scene)?;
    for account in ["first", "second"] {
        scene.appliance.employ(account, Role::Admissions)?;
    }
    let Some(browser) = Browser::open(&scene.appliance, "cohorts")? else { return Ok(()) };
    let look = Look::open()?;

    // Whoever compares starts it from the campaign's page, and sees what it came to.
    let desk = browser.signed_in(&scene.appliance, "admissions")?;
    desk.goto(&format!("/campaigns/{}", scene.campaign))?;
    desk.click("link", "批量比对")?;
    desk.sees("还没有批量比对")?;
    desk.click("checkbox", OTHER)?;
    desk.shots("empty")?;
    look.at(&desk, "a campaign without a cohort")?;
    desk.click("button", "开始比对")?;
    desk.sees("待核查")?;
    let cohort = only(&scene)?;
    ensure!(cohort.counts.people == 16, "{:?}", cohort.counts);
    let others: Vec<_> = cohort.other_campaigns.iter().map(|one| (one.name.as_str(), one.people)).collect();
    ensure!(others == [(OTHER, 0)], "{others:?}");
    ensure!(cohort.counts.no_match == 2, "the swapped are taken for somebody else: {:?}", cohort.counts);
    desk.shots("compared")?;
    look.at(&desk, "a compared cohort")?;

    // Two people, each with the keyboard alone, on a screen and on a phone.
    let first = browser.signed_in(&scene.appliance, "first")?;
    first.sees("人待您核查")?;
    judge(&first, &scene, &look)?;
    let second = browser.signed_in_at(&scene.appliance, "second", PHONE)?;
    second.sees("人待您核查")?;
    judge(&second, &scene, &look)?;
    let settled = only(&scene)?;
    ensure!((settled.counts.waiting, settled.counts.abnormal) == (0, 2), "{:?}", settled.counts);

    // Three sign, each seeing that it is their turn.
    sign(&first, &scene, "审查人员")?;
    let registrar = browser.signed_in(&scene.appliance, "registrar")?;
    registrar.sees("项批量比对待您签署")?;
    sign(&registrar, &scene, "部门负责人")?;
    let leader = browser.signed_in_at(&scene.appliance, "leader", PHONE)?;
    leader.sees("项批量比对待您签署")?;
    sign(&leader, &scene, "校领导")?;
    leader.sees("已签结")?;
    leader.shots("signed")?;
    look.at(&leader, "a signed cohort")?;
    let signed = only(&scene)?;
    ensure!(signed.state == CohortState::Signed, "{:?}", signed.state);
    papers(&scene, &signed)?;
    look.end()?;
    browser.finish()
}

/// Another campaign with its ground, and with nobody on its roster.
fn other_campaign(scene: &Scene) -> Result<()> {
    let (registrar, supervisor) = (scene.registrar()?, scene.appliance.enter(Role::Supervisor)?);
    let this: Campaign = registrar.get(&format!("/campaigns/{}", scene.campaign))?;
    let new = NewCampaign { name: OTHER.to_owned(), vendor: None, ..this.facts };
    let other: Campaign = registrar.post("/campaigns", &new)?;
    demo::found(&registrar, &supervisor, scene.appliance.password(), other.id)
}

/// The ID photos of two people are swapped; everybody else's are their own.
fn swap(scene: &Scene) -> Result<()> {
    let [one, other] = SWAPPED;
    let photos = scene.school.students.iter().enumerate().map(|(at, student)| {
        let whose = match at {
            at if at == one => other,
            at if at == other => one,
            at => at,
        };
        let shown = scene.school.students.get(whose).unwrap_or(student);
        (format!("{}.jpg", student.candidate_number), shown.portrait(Photo::Capture))
    });
    let registrar = scene.registrar()?;
    registrar.done(scene.photos(&registrar, PhotoKind::IdCard, archive(photos)?)?.id)?;
    Ok(())
}

fn only(scene: &Scene) -> Result<Cohort> {
    let registrar = scene.registrar()?;
    let mut all: Vec<Cohort> = registrar.get(&format!("/campaigns/{}/cohorts", scene.campaign))?;
    all.pop().context("there is no cohort")
}

/// Looks at every case that waits, by keys: the swapped are found abnormal, the rest normal.
fn judge(page: &Page, scene: &Scene, look: &Look) -> Result<()> {
    let swapped: Vec<&str> = SWAPPED
        .iter()
        .filter_map(|at| scene.school.students.get(*at).map(|student| student.name.as_str()))
        .collect();
    page.goto(&format!("/campaigns/{}/cohorts", scene.campaign))?;
    page.until("the purpose can be stated", || {
        page.eval("(ask => ask ? (ask.click(), true) : false)(document.querySelector('.aside button'))")
    })?;
    page.click("button", "批量比对的核查与审签")?;
    page.click("button", "继续")?;
    page.sees("等我核查")?;
    let first = swapped.first().context("there is somebody")?;
    page.click("link", first)?;
    let mut looked_at = 0;
    while page.place()?.contains("/cases/") {
        page.drawn()?;
        page.until("the case is there", || Ok(page.count("button", "异常")? > 0))?;
        let (before, name) = (page.place()?, page.eval::<String>("document.querySelector('h1').innerText")?);
        if looked_at == 0 {
            page.shots("case")?;
            look.at(page, "a case of a cohort")?;
        }
        if swapped.contains(&name.trim()) {
            page.key("3")?;
            page.sees("请写明理由")?;
            page.types("证件照不是本人")?;
            page.key("Enter")?;
        } else {
            page.key("1")?;
        }
        looked_at += 1;
        page.until("it is said", || Ok(page.place()? != before || page.text()?.contains("谢谢")))?;
        if page.place()? == before {
            break;
        }
    }
    ensure!(looked_at >= 2, "only {looked_at} cases waited");
    Ok(())
}

fn sign(page: &Page, scene: &Scene, level: &str) -> Result<()> {
    page.goto(&format!("/campaigns/{}/cohorts", scene.campaign))?;
    page.sees(level)?;
    page.fill("密码", scene.appliance.password())?;
    page.click("button", "签署")?;
    page.until("it is signed", || Ok(page.count("button", "签署")? == 0))
}

/// Both reports and the table, for whoever may read them and says why.
fn papers(scene: &Scene, cohort: &Cohort) -> Result<()> {
    let registrar = scene.registrar()?;
    let path = format!("/cohorts/{}", cohort.id);
    let cases: api::Page<api::cohort::CaseRow> = registrar.get(&format!("{path}/cases?wanted=abnormal"))?;
    ensure!(cases.total == 2, "{} are abnormal", cases.total);
    let person = cases.items.first().context("there is a case")?.person;
    for paper in ["report.pdf", "report.pdf?lang=en"] {
        ensure!(registrar.bytes(&format!("{path}/{paper}"))?.starts_with(b"%PDF-"), "{paper} is no PDF");
        let own = format!("{path}/cases/{person}/{paper}");
        ensure!(registrar.bytes(&own)?.starts_with(b"%PDF-"), "{own} is no PDF");
    }
    ensure!(registrar.bytes(&format!("{path}/table.xlsx"))?.starts_with(b"PK"), "the table is no workbook");
    let aimless: Client = scene.appliance.sign_in("registrar")?;
    let refused = refusal(aimless.bytes(&format!("{path}/report.pdf")))?;
    ensure!(refused.code == ProblemCode::PurposeRequired, "{refused:?}");
    Ok(())
}
