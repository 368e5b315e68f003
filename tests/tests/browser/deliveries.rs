//! A delivery is watched from its arrival to its receipt, and then the vendor's copies are deleted.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use tests::{Appliance, Browser, Captures, Page, Scene, models, program};

use crate::agent::Erasing;

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
    let it = browser.signed_in(&scene.appliance, "it")?;
    let registrar = browser.signed_in(&scene.appliance, "registrar")?;
    let captures = scene.school.captures(&scene.tokens()?);

    watched(&scene, &it, captures.clone().spoilt())?;
    sent_back(&it, &registrar)?;
    accepted(&scene, &it, &registrar, &captures)?;
    deleted(&scene.appliance, &browser, &it, &registrar)?;
    browser.finish()
}

/// The vendor delivers captures with faults while IT has the list open: it comes, is checked, and shows what is wrong.
fn watched(scene: &Scene, it: &Page, captures: Captures) -> Result<()> {
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

    let unworded: Vec<String> = it.eval(
        "[...document.querySelectorAll('tbody a')].map(a => a.innerText).filter(text => !/[\\u4e00-\\u9fff]/.test(text))",
    )?;
    ensure!(unworded.is_empty(), "findings without words: {unworded:?}");

    // A number leads to the photos behind it, and each of them opens.
    it.click("link", "错 1")?;
    it.until("one photo is wrong", || it.eval("document.querySelectorAll('#sheet li').length === 1"))?;
    it.click_in("#sheet", "link", "错")?;
    it.sees("限值")?;
    it.shots("item")?;
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
fn accepted(scene: &Scene, it: &Page, registrar: &Page, captures: &Captures) -> Result<()> {
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
    registrar.click("link", "返回交付")
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

/// The registrar opens the deletion; both officers sign, read and type; the agent erases; the certificate is good.
fn deleted(appliance: &Appliance, browser: &Browser, it: &Page, registrar: &Page) -> Result<()> {
    const FOLDERS: [&str; 4] = ["round-1-captures", "round-1", "round-2-captures", "round-2"];
    registrar.click("button", "要求供应商销毁")?;
    registrar.sees("教务签署邀请")?;
    registrar.shots("case-opened")?;
    let place = registrar.place()?;
    let case = place.rsplit('/').next().context("the case has an address")?.to_owned();
    sign(registrar, appliance)?;
    registrar.sees("等待供应商")?;

    ensure!(pictures(appliance.folder())? >= STUDENTS, "the vendor has its captures");
    let agent = Erasing::start(appliance, &case, &FOLDERS)?;
    it.click_in("nav", "link", "销毁")?;
    it.click("link", "彩云图像")?;
    lead(appliance, agent, it, registrar)?;
    ensure!(pictures(appliance.folder())? == 0, "the vendor's captures are gone");

    registrar.shots("case-over")?;
    registrar.click("link", "销毁证明")?;
    registrar.sees("此文件已在您的浏览器中逐字节核验")?;
    registrar.sees("未满足的条件")?;
    registrar.shots("certificate")?;
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
    Ok(())
}

/// Leads the case to its end: each officer signs what waits for both, and both sides tell each other the codes.
fn lead(appliance: &Appliance, mut agent: Erasing, it: &Page, registrar: &Page) -> Result<()> {
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
            ceremony(&mut agent, &own, it, registrar)?;
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

/// Both officers go to the ceremony: one reads the school's code to the vendor, the other types the vendor's.
fn ceremony(agent: &mut Erasing, own: &str, it: &Page, registrar: &Page) -> Result<()> {
    for page in [registrar, it] {
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
    agent.types(&code)?;
    it.sees("供应商已正确输入")?;
    it.fill("八位口令", own)?;
    it.click("button", "核对")?;
    it.until("the codes are found to be the same", || {
        let text = it.text()?;
        Ok(text.contains("口令相符") || text.contains("现在没有口令可核对"))
    })?;
    for page in [registrar, it] {
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
