//! Enrolment day: a face before the camera, a verdict beside the archive's photo, a person's decision.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use api::Role;
use api::face::{Comparison, Decide, FaceDecision, Verdict};
use api::search::{SearchQuery, SearchResults};
use fs_err as fs;
use tests::{Browser, Client, PHONE, Page, Scene, models};

use crate::look::Look;

/// A photo of each person that the archive has not seen.
const FRESH: u64 = 7;

#[test]
fn a_face_at_the_desk_is_compared_and_a_person_decides() -> Result<()> {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return Ok(());
    }
    let scene = Scene::open(16)?.staffed()?.calibrated()?;
    let desk = scene.appliance.enter(Role::Admissions)?;
    let number = scene.school.numbers().into_iter().next().context("there is a student")?;
    let query = SearchQuery { q: number.clone(), ..SearchQuery::default() };
    let found: SearchResults = desk.query("/search", &query)?;
    let person = found.exact.first().context("the student is found")?.person.to_string();
    let mine = like(&desk, &person, Verdict::Match, (1..30).map(|photo| (0, FRESH + photo)))?;
    let others = like(&desk, &person, Verdict::NoMatch, (1..16).map(|other| (other, FRESH)))?;
    doubt(&desk, &person, others)?;

    let own = video(scene.appliance.folder(), "own.y4m", mine)?;
    let Some(browser) = Browser::with_camera(&scene.appliance, "desk", &own)? else { return Ok(()) };
    let page = browser.signed_in(&scene.appliance, "admissions")?;
    call(&page, &number)?;
    let look = Look::open()?;
    look.at(&page, "the desk with a person")?;
    by_hand(&page)?;
    take(&page)?;
    page.sees("● 一致")?;
    page.sees("阈值版本")?;
    page.shots("same")?;
    look.at(&page, "the desk with a verdict")?;
    page.key("1")?;
    page.sees("决定：一致（admissions）")?;
    page.shots("decided")?;
    page.key("Escape")?;
    page.sees("请叫下一位")?;
    browser.finish()?;

    let other = video(scene.appliance.folder(), "other.y4m", others)?;
    let Some(browser) = Browser::with_camera(&scene.appliance, "desk", &other)? else { return Ok(()) };
    let page = browser.signed_in(&scene.appliance, "admissions")?;
    call(&page, &number)?;
    let before = page.count("link", name(&scene)?)?;
    take(&page)?;
    page.sees("■ 不一致")?;
    page.until("the queue has one more", || Ok(page.count("link", name(&scene)?)? == before + 1))?;
    page.shots("different")?;
    page.key("3")?;
    page.sees("决定：不一致（admissions）")?;
    page.until("the queue has one less", || Ok(page.count("link", name(&scene)?)? == before))?;
    // What she made herself is not hers to review.
    page.click_in("nav", "link", "复核")?;
    page.sees("另有 1 项由您操作或已由您复核")?;
    open_first(&page, "阈值")?;
    page.shots("calibration")?;
    look.at(&page, "one calibration")?;
    look.end()?;
    browser.finish()
}

/// The path without a machine is open before any photo is taken.
fn by_hand(page: &Page) -> Result<()> {
    page.key("m")?;
    page.fill("依据", "身份证与本人一致")?;
    page.shots("by-hand")?;
    page.click_in("dialog", "button", "登记")?;
    page.sees("已登记：")
}

/// Doubt goes to two others who don't see each other's word; whoever has said theirs, or made it, can only wait.
#[test]
fn two_people_review_a_doubtful_face_apart_from_each_other() -> Result<()> {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return Ok(());
    }
    let scene = Scene::open(16)?.staffed()?.calibrated()?;
    for account in ["first", "second"] {
        scene.appliance.employ(account, Role::Admissions)?;
    }
    let desk = scene.appliance.enter(Role::Admissions)?;
    let number = scene.school.numbers().into_iter().next().context("there is a student")?;
    let query = SearchQuery { q: number, ..SearchQuery::default() };
    let found: SearchResults = desk.query("/search", &query)?;
    let person = found.exact.first().context("the student is found")?.person.to_string();
    let Some(browser) = Browser::open(&scene.appliance, "review")? else { return Ok(()) };
    let first = browser.signed_in(&scene.appliance, "first")?;
    first.goto("/review")?;
    first.sees("没有待复核的比对")?;
    let look = Look::open()?;
    look.at(&first, "the empty reviews")?;

    // It comes while the page is open.
    doubt(&desk, &person, (0, FRESH))?;
    first.sees("比对时间")?;
    first.shots("waiting")?;
    first.click("link", name(&scene)?)?;
    first.sees("彼此看不到对方的决定")?;
    first.until("the purpose can be stated", || {
        first
            .eval("(ask => ask ? (ask.click(), true) : false)(document.querySelector('.pair .photo button'))")
    })?;
    first.click("button", "入学资格复查")?;
    first.click("button", "继续")?;
    first.shots("pair")?;
    look.at(&first, "a pair under review")?;
    ensure!(first.count("button", "存疑")? == 0, "a reviewer is not offered doubt");
    first.key("3")?;
    first.sees("您的决定已提交，等待另一人。")?;
    first.reload()?;
    first.sees("您的决定已提交，等待另一人。")?;
    ensure!(first.count("button", "不一致")? == 0, "who has said their word is not asked again");
    first.goto("/review")?;
    first.sees("另有 1 项由您操作或已由您复核")?;
    first.shots("given")?;

    let operator = browser.signed_in(&scene.appliance, "admissions")?;
    operator.goto("/review")?;
    operator.sees("另有 1 项由您操作或已由您复核")?;

    let second = browser.signed_in_at(&scene.appliance, "second", PHONE)?;
    second.goto("/review")?;
    second.click("link", name(&scene)?)?;
    second.sees("彼此看不到对方的决定")?;
    second.sees_no("first")?;
    second.fill("备注", "耳朵不同")?;
    second.shots("second")?;
    second.click("button", "不一致")?;
    second.sees("复核意见")?;
    second.sees("耳朵不同")?;
    second.shots("decided")?;
    look.at(&second, "a decided review")?;
    // The first one hears of it.
    first.sees("没有待复核的比对")?;
    first.sees_no("另有 1 项")?;
    look.end()?;
    browser.finish()
}

/// Opens the first thing of a room's list.
fn open_first(page: &Page, room: &str) -> Result<()> {
    page.click_in("nav", "link", room)?;
    page.drawn()?;
    let list = page.place()?;
    page.until("the list has something", || {
        page.eval(&format!("(link => link ? (link.click(), true) : false)(document.querySelector('main a[href^=\"{list}/\"]'))"))
    })?;
    page.until("it is open", || Ok(page.place()?.starts_with(&format!("{list}/"))))
}

fn name(scene: &Scene) -> Result<&str> {
    Ok(&scene.school.students.first().context("there is a student")?.name)
}

/// The first of these drawn photos, a person and a photo each, that the appliance itself gives this verdict.
fn like(
    desk: &Client,
    person: &str,
    verdict: Verdict,
    mut photos: impl Iterator<Item = (u64, u64)>,
) -> Result<(u64, u64)> {
    photos
        .find_map(|(who, photo)| {
            let probe = verify::draw::portrait_jpeg(who, photo);
            let made: Result<Comparison> = desk.post_bytes(&format!("/persons/{person}/comparisons"), probe);
            made.is_ok_and(|made| made.verdict == verdict).then_some((who, photo))
        })
        .with_context(|| format!("no drawn face gets the verdict {verdict:?}"))
}

/// Somebody doubts whose face this is: then two persons review it.
fn doubt(desk: &Client, person: &str, (who, photo): (u64, u64)) -> Result<()> {
    let probe = verify::draw::portrait_jpeg(who, photo);
    let made: Comparison = desk.post_bytes(&format!("/persons/{person}/comparisons"), probe)?;
    let doubtful = Decide { decision: FaceDecision::Doubtful, note: "发型不同".to_owned() };
    let _: Comparison = desk.post(&format!("/comparisons/{}/decision", made.id), &doubtful)?;
    Ok(())
}

/// The student is called up by number; the camera sees somebody and says that the picture may be taken.
fn call(page: &Page, number: &str) -> Result<()> {
    page.click("link", "比对")?;
    page.fill("请叫下一位", number)?;
    page.until("the student is found", || Ok(page.count("link", number)? == 1))?;
    page.key("Enter")?;
    page.click("button", "入学资格复查")?;
    page.click("button", "继续")?;
    page.sees("录取照片")?;
    for good in ["光线合适", "清晰", "已静止"] {
        page.sees(good)?;
    }
    page.shots("ready")
}

/// The space bar takes the picture.
fn take(page: &Page) -> Result<()> {
    page.key(" ")?;
    page.sees("阈值（不一致 / 一致）")
}

/// Two frames of a drawn portrait in the middle of its background, 960 × 640, in the format that Chromium's camera reads.
fn video(folder: &Path, name: &str, (person, photo): (u64, u64)) -> Result<PathBuf> {
    const WIDTH: u32 = 960;
    let portrait = verify::draw::portrait(person, photo).pixels;
    let (width, height) = portrait.dimensions();
    ensure!(width < WIDTH, "the portrait fits");
    let left = (WIDTH - width) / 2;
    let pixel = |x: u32, y: u32| {
        let inside = (left..left + width).contains(&x);
        if inside { portrait.get_pixel(x - left, y).0 } else { verify::draw::BACKGROUND }
    };
    let (mut luma, mut blue, mut red) = (Vec::new(), Vec::new(), Vec::new());
    for y in 0..height {
        for x in 0..WIDTH {
            let [l, b, r] = yuv(pixel(x, y));
            luma.push(l);
            if x % 2 == 0 && y % 2 == 0 {
                blue.push(b);
                red.push(r);
            }
        }
    }
    let mut bytes = format!("YUV4MPEG2 W{WIDTH} H{height} F10:1 Ip A1:1 C420\n").into_bytes();
    for _ in 0..2 {
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend([&luma, &blue, &red].into_iter().flatten());
    }
    let path = folder.join(name);
    fs::write(&path, bytes)?;
    Ok(path)
}

/// A colour as BT.601 has it, in the range of television.
fn yuv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(i32::from);
    let mixed = [
        16 + (66 * r + 129 * g + 25 * b + 128) / 256,
        128 + (112 * b - 38 * r - 74 * g + 128) / 256,
        128 + (112 * r - 94 * g - 18 * b + 128) / 256,
    ];
    mixed.map(|value| u8::try_from(value.clamp(0, 255)).unwrap_or_default())
}
