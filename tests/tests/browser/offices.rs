//! Everybody signs in, sees their own rooms, finds nothing broken in any of them, and leaves.

use anyhow::{Result, ensure};
use api::Role;
use tests::{Appliance, Browser, Page};

/// Each office's account, its name, and the rooms it must find in its rail.
const OFFICES: [(&str, &str, &[&str]); 9] = [
    ("registrar", "教务", &["今日", "查档", "采集", "导入", "交付", "销毁"]),
    ("admissions", "招生", &["今日", "查档", "比对", "复核", "阈值"]),
    ("it", "信息", &["今日", "交付", "销毁", "档案", "设置"]),
    ("supervisor", "监督", &["今日", "交付", "销毁"]),
    ("leader", "校领导", &["今日", "采集", "账本"]),
    ("auditor", "审计员", &["今日", "账本", "审计"]),
    ("system_admin", "系统管理员", &["今日", "档案", "设置"]),
    ("security", "安全管理员", &["今日", "设置"]),
    ("audit_admin", "审计管理员", &["今日", "审计"]),
];

#[test]
fn every_office_finds_its_rooms_and_nothing_broken() -> Result<()> {
    let appliance = Appliance::start()?;
    let Some(browser) = Browser::open(&appliance, "offices")? else { return Ok(()) };
    ensure!(OFFICES.len() == Role::ALL.len(), "every role is told of");
    for (account, office, rooms) in OFFICES {
        let page = browser.signed_in(&appliance, account)?;
        page.sees("您好")?;
        page.sees("等您处理")?;
        page.sees(office)?;
        page.shots(&format!("{account}-today"))?;
        for room in rooms {
            page.find("link", room)?;
        }
        for (name, href) in rail(&page)? {
            page.click("link", &name)?;
            page.until(&format!("{href} is open"), || Ok(page.place()? == href))?;
            in_order(&page)?;
            if href != "/" {
                page.shots(&format!("{account}{}", href.replace('/', "-")))?;
            }
        }
        sign_out(&page)?;
    }
    browser.finish()
}

/// The rail's rooms: the name a person reads, and the address.
fn rail(page: &Page) -> Result<Vec<(String, String)>> {
    page.eval(
        "[...document.querySelectorAll('nav a[href]')] \
         .map(a => [a.lastElementChild.innerText.trim(), a.getAttribute('href')])",
    )
}

/// The page has a heading and no error.
fn in_order(page: &Page) -> Result<()> {
    page.drawn()?;
    page.until("the page has its heading", || Ok(page.count("heading", "")? > 0))?;
    let alerts = page.all("alert")?.len();
    let (place, text) = (page.place()?, page.text()?);
    ensure!(alerts == 0 && !text.contains("没有这个页面"), "{place} shows an error:\n{text}");
    Ok(())
}

fn sign_out(page: &Page) -> Result<()> {
    page.eval::<serde_json::Value>("document.querySelector('.account summary').focus()")?;
    page.key("Enter")?;
    page.click("button", "退出")?;
    page.find("button", "登录")?;
    page.goto("/")?;
    page.find("button", "登录")?;
    Ok(())
}

#[test]
fn a_wrong_password_is_refused_in_words() -> Result<()> {
    let appliance = Appliance::start()?;
    let Some(browser) = Browser::open(&appliance, "password")? else { return Ok(()) };
    let page = browser.window()?;
    page.goto("/")?;
    page.expect(401, "/api/v1/session");
    page.fill("账号", "registrar")?;
    page.fill("密码", "not-the-password-at-all")?;
    page.key("Enter")?;
    page.sees("账号或密码不正确。")?;
    ensure!(page.value("密码")?.is_empty(), "the password is asked for again");
    page.shots("refused")?;
    page.fill("密码", appliance.password())?;
    page.key("Enter")?;
    page.sees("等您处理")?;
    browser.finish()
}
