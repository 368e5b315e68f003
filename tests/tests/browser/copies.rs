//! A list leaves the archive: asked for where people are found, approved by another, taken; and a record is held.

use anyhow::{Context as _, Result, ensure};
use api::copy::Copy;
use tests::{Browser, PHONE, Page, Scene};

use crate::look::Look;

#[test]
fn a_list_is_asked_for_approved_by_another_and_taken_and_a_record_is_held() -> Result<()> {
    let scene = Scene::open(16)?.staffed()?;
    let Some(browser) = Browser::open(&scene.appliance, "copies")? else { return Ok(()) };
    let registrar = browser.signed_in(&scene.appliance, "registrar")?;
    let supervisor = browser.signed_in_at(&scene.appliance, "supervisor", PHONE)?;
    let look = Look::open()?;
    let student = scene.school.students.get(2).context("there is a third student")?;

    registrar.goto(&format!("/find?q={}", student.student_number))?;
    registrar.sees("1 人")?;
    registrar.click("button", "申请名单…")?;
    registrar.find("dialog", "申请名单…")?;
    registrar.fill("用途", "毕业典礼座次")?;
    registrar.shots("ask")?;
    look.at(&registrar, "asking for a list")?;
    registrar.click("button", "提交申请")?;
    registrar.find("heading", "名单")?;
    registrar.sees("等待他人批准")?;

    supervisor.goto("/")?;
    supervisor.sees("份名单待审批")?;
    supervisor.goto("/copies")?;
    supervisor.sees("毕业典礼座次")?;
    supervisor.shots("waiting")?;
    supervisor.click("button", "审批")?;
    supervisor.find("dialog", "审批")?;
    look.at(&supervisor, "deciding on a list")?;
    supervisor.shots("decide")?;
    supervisor.click("button", "批准")?;
    supervisor.sees("已批准。")?;

    // The registrar hears of it without asking again.
    registrar.find("link", "取用名单")?;
    registrar.shots("approved")?;
    look.at(&registrar, "the lists")?;
    let client = scene.registrar()?;
    let copies: Vec<Copy> = client.get("/copies")?;
    let id = copies.first().context("the request is listed")?.id;
    let book = client.bytes(&format!("/copies/{id}/list.xlsx"))?;
    ensure!(book.starts_with(b"PK"), "a workbook is taken");
    held(&registrar, &look, &copies, student)?;
    look.end()?;
    browser.finish()
}

/// The dossier tells who took the list; a hold is placed and lifted.
fn held(page: &Page, look: &Look, copies: &[Copy], student: &tests::Student) -> Result<()> {
    ensure!(copies.len() == 1, "one request");
    page.goto(&format!("/find?q={}", student.student_number))?;
    page.click("link", &student.name)?;
    page.find("dialog", "请说明用途")?;
    page.click("button", "学历证书核验")?;
    page.click("button", "继续")?;
    page.find("heading", &student.name)?;
    page.sees("取出名单")?;
    page.click("button", "设为保全")?;
    page.find("dialog", "法律保全")?;
    page.fill("更正依据", "法院通知（2026）12 号")?;
    page.eval::<serde_json::Value>("document.querySelector('dialog[open] button[type=submit]').click()")?;
    page.sees("保全中")?;
    page.shots("held")?;
    look.at(page, "a held dossier")?;
    page.click("button", "解除保全")?;
    page.fill("更正依据", "诉讼结束")?;
    page.eval::<serde_json::Value>("document.querySelector('dialog[open] button[type=submit]').click()")?;
    page.sees("已解除")
}
