//! A delivery is watched from its arrival to its receipt, and then the vendor's copies are deleted.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use tests::{Appliance, Browser, Captures, PHONE, Page, Scene, models, program};

use crate::agent::Erasing;
use crate::look::Look;
use crate::papers;

/// How many students there are: fewer make no thresholds.
const STUDENTS: usize = 16;

#[test]
fn a_delivery_is_watched_accepted_by_two_and_its_copies_are_deleted() -> Result<()> {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return Ok(());
    }
    let scene = Scene::open(STUDENTS)?.staffed()?.calibrated()?;
    let Some(browser) = Browser::open(&scene.appliance, "deliveries")? else { return Ok(()) };
    let people = People {
        it: browser.signed_in(&scene.appliance, "it")?,
        registrar: browser.signed_in(&scene.appliance, "registrar")?,
        supervisor: browser.signed_in_at(&scene.appliance, "supervisor", PHONE)?,
        look: Look::open()?,
    };
    let captures = scene.school.captures(&scene.tokens()?);

    watched(&scene, &people, captures.clone().spoilt())?;
    sent_back(&people.it, &people.registrar)?;
    accepted(&scene, &people, &captures)?;
    campaign(&scene, &people)?;
    supervised(&people)?;
    let case = deleted(&scene.appliance, &browser, &people)?;
    found_by_delivery(&people)?;
    people.look.end()?;
    browser.finish()?;
    damaged(&scene.appliance, &case)
}

/// Who takes part, each at a window of their own, and what their pages are held to.
struct People {
    it: Page,
    registrar: Page,
    /// At a phone all the time.
    supervisor: Page,
    look: Look,
}

/// At a phone, a supervisor sees what waits, how the capture goes, and one entry of the ledger.
fn supervised(people: &People) -> Result<()> {
    let (page, look) = (&people.supervisor, &people.look);
    page.sees("等您处理")?;
    look.fits(page, "Today at a phone")?;
    page.click_in("nav", "link", "督查")?;
    page.sees("需补拍")?;
    page.sees("第 2 次")?;
    look.fits(page, "the supervision at a phone")?;
    look.at(page, "the supervision")?;
    page.goto("/ledger/0")?;
    look.at(page, "one entry of the ledger")?;
    page.resize(PHONE)
}

/// The campaign and its slips, as the registrar opens them.
fn campaign(scene: &Scene, people: &People) -> Result<()> {
    let page = &people.registrar;
    let here = page.place()?;
    page.goto(&format!("/campaigns/{}", scene.campaign))?;
    page.sees("采集码通知单")?;
    people.look.at(page, "the campaign")?;
    page.goto(&format!("/campaigns/{}/slips", scene.campaign))?;
    people.look.at(page, "the slips")?;
    page.goto(&here)
}

/// A byte of the case's record changes on the disk: the list goes on, the page says what to do, and so does the doctor.
fn damaged(appliance: &Appliance, case: &str) -> Result<()> {
    appliance.stop()?;
    // A command at the console leaves everything in the one file.
    let healthy = String::from_utf8(appliance.run(&["doctor"])?.stdout)?;
    ensure!(healthy.contains("cases-ok"), "the doctor finds fault before: {healthy}");
    let log = appliance.data().join("office.db-wal");
    ensure!(!log.is_file() || fs::metadata(&log)?.len() == 0, "something lies beside the database");
    let file = appliance.data().join("office.db");
    let mut bytes = fs::read(&file)?;
    let journal = b"\"journal\":";
    // What is kept was written anew with every message; it is found wherever it lies.
    let all = bytes.windows(journal.len()).enumerate().filter(|(_, part)| part == journal);
    let places: Vec<usize> = all.map(|(at, _)| at + 1).collect();
    ensure!(!places.is_empty(), "there is no journal in {}", file.display());
    places.into_iter().filter_map(|at| bytes.get_mut(at).map(|byte| *byte ^= 1)).for_each(drop);
    fs::write(&file, bytes)?;
    appliance.serve()?;
    let Some(browser) = Browser::open(appliance, "damaged")? else { return Ok(()) };
    let look = Look::open()?;
    let page = browser.signed_in(appliance, "it")?;
    page.sees("等您处理")?;
    page.click_in("nav", "link", "销毁")?;
    page.sees("无法读取")?;
    page.sees("记录已损坏")?;
    page.shots("list")?;
    look.at(&page, "the list with a damaged case")?;
    page.expect(503, case);
    page.click("link", "彩云图像")?;
    page.sees("往来记录无法读取（记录已损坏）")?;
    page.shots("case")?;
    look.at(&page, "a damaged case")?;
    page.click_in(".crumb", "link", "销毁")?;
    page.click("link", "销毁证明")?;
    page.sees("此文件已在您的浏览器中逐字节核验")?;
    let told = String::from_utf8(appliance.run(&["doctor"])?.stdout)?;
    ensure!(told.contains("case-unreadable") && told.contains(case), "the doctor does not tell: {told}");
    look.end()?;
    browser.finish()
}

/// The vendor delivers captures with faults while IT has the list open: it comes, is checked, and shows what is wrong.
fn watched(scene: &Scene, people: &People, captures: Captures) -> Result<()> {
    let (it, look) = (&people.it, &people.look);
    it.click_in("nav", "link", "交付")?;
    it.sees("没有交付")?;
    note_states(it)?;
    deliver(scene, &captures, "round-1")?;
    it.sees("第 1 次")?;
    it.sees("待决定")?;
    let seen = noted_states(it)?;
    ensure!(seen.contains("检查中"), "the check was seen to run: {seen:?}");
    it.shots("list")?;

    it.click("link", "第 1 次")?;
    it.sees("四项不全为零，不能全部接收。")?;
    let numbers: Vec<String> = it.eval(
        "[...document.querySelectorAll('.big')].map(big => big.innerText.split(/\\s+/).slice(0, 2).join(' '))",
    )?;
    ensure!(numbers == ["多 1■", "少 1■", "错 1■", "误 1■"], "the four numbers are {numbers:?}");
    for finding in ["检查结果", "不通过"] {
        it.sees(finding)?;
    }
    it.until("the contact sheet shows its pictures", || {
        it.eval("(all => all.length > 10 && all.every(img => img.complete && img.naturalWidth > 0))([...document.querySelectorAll('#sheet img')])")
    })?;
    it.shots("board")?;
    look.at(it, "the board")?;

    let unworded: Vec<String> = it.eval(
        "[...document.querySelectorAll('tbody a')].map(a => a.innerText).filter(text => !/[\\u4e00-\\u9fff]/.test(text))",
    )?;
    ensure!(unworded.is_empty(), "findings without words: {unworded:?}");

    // A number leads to the photos behind it, and each of them opens.
    it.click("link", "错 1")?;
    it.until("one photo is wrong", || it.eval("document.querySelectorAll('#sheet li').length === 1"))?;
    it.click_in("#sheet", "link", "错")?;
    it.sees("限值")?;
    // Its file is cut off: what there is of it is shown, so that one sees where it ends.
    it.until("the half photo is seen", || {
        it.eval(
            "(img => !!img && img.complete && img.naturalWidth > 0)(document.querySelector('.overlay img'))",
        )
    })?;
    it.shots("item")?;
    look.at(it, "an item")?;
    it.key("Escape")?;
    it.sees("四项不全为零")
}

/// Everything is sent back: one proposes, the same person can't confirm, another does.
fn sent_back(it: &Page, registrar: &Page) -> Result<()> {
    propose(it, "全部退回", Some("多少错误均须改正后重新交付"))?;
    confirm(registrar, "第 1 次", "全部退回")?;
    registrar.sees("已退回")?;
    registrar.sees("理由：多少错误均须改正后重新交付")?;
    it.click_in("nav", "link", "交付")?;
    it.sees("已退回")
}

/// The corrected captures are accepted by two persons, and the receipt is there.
fn accepted(scene: &Scene, people: &People, captures: &Captures) -> Result<()> {
    let (it, registrar) = (&people.it, &people.registrar);
    deliver(scene, captures, "round-2")?;
    it.sees("第 2 次")?;
    it.sees("待决定")?;
    it.click("link", "第 2 次")?;
    it.sees("四项均为零，可以全部接收。")?;
    propose(it, "全部接收", None)?;
    it.shots("proposed")?;
    confirm(registrar, "第 2 次", "全部接收")?;
    registrar.sees("已验收")?;
    registrar.shots("accepted")?;
    registrar.click("link", "接收回执")?;
    registrar.sees("交付包 SHA-256")?;
    registrar.sees("学校公钥")?;
    registrar.shots("receipt")?;
    people.look.at(registrar, "the receipt")?;
    registrar.click("link", "返回交付")
}

/// Whom a delivery brought is found by it, by the name it has everywhere.
fn found_by_delivery(people: &People) -> Result<()> {
    let registrar = &people.registrar;
    registrar.goto("/find?photo_state=complete")?;
    registrar.until("the delivery is offered and chosen", || {
        const CHOOSE: &str = "(() => { const own = [...document.querySelectorAll('button.facet')]
            .find(button => button.innerText.includes('第 2 次')); own?.click(); return !!own; })()";
        registrar.drawn()?;
        if registrar.eval(CHOOSE)? {
            return Ok(true);
        }
        // The index follows a moment later, and a page that was answered does not ask again by itself.
        registrar.reload()?;
        Ok(false)
    })?;
    registrar.until("the address names it", || Ok(registrar.place()?.contains("delivery=delivery_")))?;
    registrar.sees("交付: ")?;
    registrar.sees("第 2 次 ×")?;
    registrar.shots("by-delivery")?;
    people.look.at(registrar, "people found by a delivery")
}

/// The vendor packs captures and delivers them.
fn deliver(scene: &Scene, captures: &Captures, name: &str) -> Result<()> {
    let parcel = scene.vendor.pack(captures, scene.campaign, name)?;
    scene.vendor.deliver(&parcel, scene.campaign)?;
    Ok(())
}

/// Proposes a decision; the one who proposed is offered no confirmation.
fn propose(page: &Page, decision: &str, reason: Option<&str>) -> Result<()> {
    page.click("radio", decision)?;
    if let Some(reason) = reason {
        page.fill("理由", reason)?;
    }
    page.click("button", "提出")?;
    page.sees("请另一人确认")?;
    ensure!(page.count("button", "确认：")? == 0, "who proposed is offered to confirm");
    Ok(())
}

/// Another person is told on the Today page, opens the delivery and confirms.
fn confirm(page: &Page, delivery: &str, decision: &str) -> Result<()> {
    page.click_in("nav", "link", "查档")?;
    page.click_in("nav", "link", "今日")?;
    page.sees("次交付待您确认")?;
    page.click_in("nav", "link", "交付")?;
    page.click("link", delivery)?;
    page.click("button", &format!("确认：{decision}"))?;
    page.sees("确认")
}

/// Keeps, from now on, every word for a delivery's state that the page shows, however briefly.
fn note_states(page: &Page) -> Result<()> {
    page.eval::<serde_json::Value>(
        "(() => {
            const words = ['接收中', '已收到', '检查中', '待决定'];
            window.statesSeen = new Set();
            const look = () => words.filter(word => document.body.innerText.includes(word)).forEach(word => window.statesSeen.add(word));
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
            return null;
        })()",
    )?;
    Ok(())
}

fn noted_states(page: &Page) -> Result<BTreeSet<String>> {
    page.eval("[...(window.statesSeen || [])]")
}

/// The registrar opens the deletion; both officers sign, read and type, a supervisor looks on; the agent erases; the
/// certificate is good. Returns the case.
fn deleted(appliance: &Appliance, browser: &Browser, people: &People) -> Result<String> {
    const FOLDERS: [&str; 4] = ["round-1-captures", "round-1", "round-2-captures", "round-2"];
    let People { it, registrar, supervisor, look } = people;
    registrar.click("button", "要求供应商销毁")?;
    registrar.sees("待签署：学校邀请（教务）")?;
    registrar.shots("case-opened")?;
    look.at(registrar, "a case just opened")?;
    let place = registrar.place()?;
    let case = place.rsplit('/').next().context("the case has an address")?.to_owned();
    sign(registrar, appliance)?;
    registrar.sees("等待供应商")?;

    ensure!(pictures(appliance.folder())? >= STUDENTS, "the vendor has its captures");
    let agent = Erasing::start(appliance, &case, &FOLDERS)?;
    for page in [it, supervisor] {
        page.click_in("nav", "link", "销毁")?;
        page.click("link", "彩云图像")?;
        page.sees("经过")?;
    }
    look.fits(supervisor, "a case at a phone")?;
    lead(appliance, agent, people)?;
    ensure!(pictures(appliance.folder())? == 0, "the vendor's captures are gone");

    registrar.shots("case-over")?;
    look.at(registrar, "a case that is over")?;
    supervisor.click("link", "销毁证明")?;
    supervisor.sees("此文件已在您的浏览器中逐字节核验")?;
    look.fits(supervisor, "the certificate at a phone")?;
    registrar.click("link", "销毁证明")?;
    registrar.sees("此文件已在您的浏览器中逐字节核验")?;
    registrar.sees("未满足的条件")?;
    registrar.shots("certificate")?;
    look.at(registrar, "the certificate")?;
    registrar.click("button", "另存")?;
    let file = downloaded(browser, "json")?;
    ensure!(verified(&file)?, "the saved certificate is good");
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&file, bytes)?;
    ensure!(!verified(&file)?, "a changed certificate is refused");
    registrar.find("link", "下载 PDF")?;
    let paper: String = registrar.eval(
        "fetch([...document.querySelectorAll('main a')].find(a => a.innerText.includes('PDF')).href) \
         .then(answer => answer.text()).then(text => text.slice(0, 4))",
    )?;
    ensure!(paper == "%PDF", "the certificate is there on paper: {paper:?}");
    papers::read(appliance, &case)?;
    Ok(case)
}

/// Leads the case to its end: each officer signs what waits for both, and both sides tell each other the codes.
fn lead(appliance: &Appliance, mut agent: Erasing, people: &People) -> Result<()> {
    let People { it, registrar, .. } = people;
    let begun = Instant::now();
    let mut heard = None;
    loop {
        // The form is there for whoever has not signed yet, and for nobody else.
        for page in [registrar, it] {
            if page.eval("!!document.querySelector('#officer-password')")? {
                sign(page, appliance)?;
            }
        }
        heard = agent.reads_aloud()?.or(heard);
        if let Some(own) = heard.take_if(|_| next_step(it).is_ok_and(|step| step.contains("口令仪式"))) {
            ceremony(&mut agent, &own, people)?;
        }
        if let Some(status) = agent.ended()? {
            ensure!(status.success(), "the agent ended with {status}");
            return registrar.find("link", "销毁证明").map(drop);
        }
        if begun.elapsed() > Duration::from_secs(180) {
            bail!("the deletion is still at {:?}:\n{}", next_step(registrar)?, registrar.text()?);
        }
        sleep(Duration::from_millis(100));
    }
}

/// What the page says must happen next.
fn next_step(page: &Page) -> Result<String> {
    let text = page.text()?;
    let mut lines = text.lines().skip_while(|line| line.trim() != "下一步").skip(1);
    Ok(lines.find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
}

/// Signs what waits; then the form is gone, or waits for the next message.
fn sign(page: &Page, appliance: &Appliance) -> Result<()> {
    let step = "(document.querySelector('form .dim') || {}).innerText || ''";
    let before: String = page.eval(step)?;
    page.fill("您的密码", appliance.password())?;
    page.click("button", "签署")?;
    page.until("the signature is taken", || Ok(page.eval::<String>(step)? != before))
}

/// Both officers go to the ceremony: one reads the school's code to the vendor, the other types the vendor's. The
/// supervisor hears both and can type neither.
fn ceremony(agent: &mut Erasing, own: &str, people: &People) -> Result<()> {
    let People { it, registrar, supervisor, look } = people;
    for page in [registrar, it, supervisor] {
        page.click("link", "进入口令仪式")?;
        page.sees("请大声读出")?;
    }
    let mut code = String::new();
    registrar.until("the code is shown", || {
        code =
            registrar.eval("(document.querySelector('.code:not(:has(.no-code))') || {}).innerText || ''")?;
        code.retain(|letter| letter.is_ascii_alphanumeric());
        Ok(code.len() == 8)
    })?;
    registrar.shots("ceremony")?;
    look.at(registrar, "the ceremony")?;
    supervisor.until("the supervisor sees the code", || {
        Ok(supervisor.text()?.replace(char::is_whitespace, "").contains(&code))
    })?;
    supervisor.sees("须由两名签署人签署")?;
    ensure!(supervisor.count("textbox", "八位口令")? == 0, "a supervisor is offered to type a code");
    look.fits(supervisor, "the ceremony at a phone")?;
    agent.types(&code)?;
    supervisor.sees("供应商已正确输入")?;
    it.sees("供应商已正确输入")?;
    it.fill("八位口令", own)?;
    it.click("button", "核对")?;
    it.until("the codes are found to be the same", || {
        let text = it.text()?;
        Ok(text.contains("口令相符") || text.contains("现在没有口令可核对"))
    })?;
    for page in [registrar, it, supervisor] {
        page.click_in(".crumb", "link", "返回销毁事项")?;
        page.sees("经过")?;
    }
    Ok(())
}

/// The file with this ending that the browser has saved.
fn downloaded(browser: &Browser, ending: &str) -> Result<std::path::PathBuf> {
    let begun = Instant::now();
    loop {
        for entry in fs::read_dir(browser.downloads())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == ending) {
                return Ok(path);
            }
        }
        ensure!(begun.elapsed() < Duration::from_secs(20), "no {ending} was saved");
        sleep(Duration::from_millis(50));
    }
}

/// Whether `xuecang certificate verify` accepts a file.
fn verified(file: &Path) -> Result<bool> {
    let output = Command::new(program("xuecang")?).args(["certificate", "verify"]).arg(file).output()?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => bail!("it could not be verified: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// How many pictures lie in the vendor's folders beside the appliance's data.
fn pictures(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("data") {
            count += pictures(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "jpg") {
            count += 1;
        }
    }
    Ok(count)
}
