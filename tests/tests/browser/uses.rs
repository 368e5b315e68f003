//! Who looked at a person: told where the person is found, narrowed, and seen by whoever audits.

use anyhow::{Context as _, Result, ensure};
use tests::{Browser, Scene};

use crate::look::Look;

#[test]
fn who_looked_is_told_where_a_person_is_found_and_by_account_to_whoever_audits() -> Result<()> {
    let scene = Scene::open(16)?.staffed()?;
    let Some(browser) = Browser::open(&scene.appliance, "uses")? else { return Ok(()) };
    let registrar = browser.signed_in(&scene.appliance, "registrar")?;
    let auditor = browser.signed_in(&scene.appliance, "auditor")?;
    let look = Look::open()?;
    let student = scene.school.students.get(2).context("there is a third student")?;

    registrar.goto(&format!("/find?q={}", student.student_number))?;
    registrar.sees("1 人")?;
    registrar.click("link", &student.name)?;
    registrar.find("dialog", "请说明用途")?;
    registrar.click("button", "学历证书核验")?;
    registrar.click("button", "继续")?;
    registrar.find("heading", &student.name)?;
    registrar.until("the photo is shown", || {
        registrar.eval(
            "[...document.querySelectorAll('main img')].some(img => img.complete && img.naturalWidth > 0)",
        )
    })?;
    registrar.click("button", "显示完整号码")?;
    registrar.sees(&student.id_number)?;
    registrar.shots("dossier")?;
    registrar.goto(&format!("/find?q={}", student.student_number))?;
    registrar.sees("1 人")?;
    registrar.shots("found")?;
    look.at(&registrar, "a person found")?;

    registrar.click("link", "谁看过")?;
    registrar.find("heading", "谁看过")?;
    for action in ["检索到本人", "查看照片", "显示完整号码"] {
        registrar.sees(action)?;
    }
    registrar.sees("学历证书核验")?;
    registrar.shots("person")?;
    look.at(&registrar, "who looked at a person")?;
    registrar.choose("事项", "完整号码")?;
    registrar.until("one line is left", || {
        registrar.eval("document.querySelectorAll('main tbody tr').length === 1")
    })?;
    registrar.sees("利用 1 条")?;
    registrar.choose("事项", "人像比对")?;
    registrar.sees("没有利用记录")?;
    registrar.shots("nothing")?;

    auditor.goto("/audit")?;
    auditor.click("link", "人员利用情况")?;
    auditor.find("heading", "人员利用情况")?;
    auditor.sees("显示完整号码")?;
    auditor.shots("accounts")?;
    look.at(&auditor, "what was looked at")?;
    ensure!(!auditor.text()?.contains(&student.name), "who audits reads no student's name");
    auditor.click("button", "EN")?;
    auditor.sees("What was looked at")?;
    auditor.sees("showed full numbers")?;
    auditor.shots("accounts-en")?;
    registrar.goto(&format!("/find?q={}", student.student_number))?;
    registrar.click("button", "EN")?;
    registrar.click("link", "Who looked at this")?;
    registrar.sees("Every look, every number shown")?;
    registrar.shots("person-en")?;
    look.end()?;
    browser.finish()
}
