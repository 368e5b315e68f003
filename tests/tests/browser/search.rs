//! The registrar finds people with the keyboard alone, opens a dossier, and hides it from whoever passes by.

use anyhow::{Context as _, Result, ensure};
use tests::{Browser, Page, Scene};

use crate::look::Look;

#[test]
fn a_person_is_found_by_keyboard_and_a_passer_by_sees_nothing() -> Result<()> {
    let scene = Scene::open(16)?.staffed()?;
    let Some(browser) = Browser::open(&scene.appliance, "search")? else { return Ok(()) };
    let page = browser.signed_in(&scene.appliance, "registrar")?;
    let student = scene.school.students.get(2).context("there is a third student")?;

    // By number, and by the pinyin of the name, which comes under a heading of its own.
    look_for(&page, &student.student_number)?;
    page.sees("1 人")?;
    page.sees(&student.name)?;
    look_for(&page, "daoweiwei")?;
    page.sees("同音或首字母相符")?;
    page.sees(&student.name)?;
    look_for(&page, "没有这个人")?;
    page.sees("没有完全匹配的记录")?;
    page.sees("已查找：档案各项内容、姓名读音。")?;
    page.shots("nobody")?;

    // By a part of the name: two hits, walked through with the arrows.
    look_for(&page, "刀")?;
    page.sees("2 人")?;
    page.shots("list")?;
    let first = selected(&page)?;
    page.key("ArrowDown")?;
    page.until("the second hit is selected", || Ok(selected(&page)? != first))?;
    page.key("ArrowUp")?;
    page.until("the first hit is selected", || Ok(selected(&page)? == first))?;
    page.key("Escape")?;
    page.key("w")?;
    page.until("the wall is shown", || Ok(page.place()?.contains("view=wall")))?;
    page.shots("wall")?;
    page.key("w")?;
    page.until("the list is shown", || Ok(!page.place()?.contains("view=wall")))?;
    page.key("Enter")?;
    let look = Look::open()?;
    dossier(&page, &look, &first, student)?;
    masked(&page, student)?;
    look.end()?;
    browser.finish()
}

/// `/`, then the words: they replace what was looked for before.
fn look_for(page: &Page, words: &str) -> Result<()> {
    page.key("/")?;
    page.until("the search box has the focus", || page.eval("document.activeElement.id === 'search-all'"))?;
    page.eval::<serde_json::Value>("document.activeElement.select()")?;
    page.types(words)?;
    page.until("the question stands in the address", || {
        page.eval::<bool>(&format!("new URLSearchParams(location.search).get('q') === {words:?}"))
    })?;
    page.drawn()?;
    page.key("Escape")
}

/// The name of the selected hit.
fn selected(page: &Page) -> Result<String> {
    page.until("a hit is selected", || page.eval("!!document.querySelector('.selected .name')"))?;
    page.eval("document.querySelector('.selected .name').innerText.trim()")
}

/// The dossier asks for a purpose once, shows masked numbers, and whole ones when asked.
fn dossier(page: &Page, look: &Look, name: &str, student: &tests::Student) -> Result<()> {
    page.find("dialog", "请说明用途")?;
    page.sees("本次任务只需说明一次")?;
    page.shots("purpose")?;
    look.at(page, "the purpose")?;
    page.click("button", "学历证书核验")?;
    page.click("button", "继续")?;
    page.find("heading", name)?;
    ensure!(name == student.name, "the hit is the student");
    page.sees("学籍照片")?;
    page.until("the admission photo is shown", || {
        page.eval(
            "[...document.querySelectorAll('main img')].some(img => img.complete && img.naturalWidth > 0)",
        )
    })?;
    ensure!(!page.text()?.contains(&student.id_number), "the number is masked at first");
    page.click("button", "显示完整号码")?;
    page.sees(&student.id_number)?;
    page.sees("利用登记")?;
    page.shots("dossier")?;
    look.at(page, "the dossier")
}

/// `p` hides names, numbers and faces; `p` again shows them.
fn masked(page: &Page, student: &tests::Student) -> Result<()> {
    const HIDDEN: &str = "[...document.querySelectorAll('.private')].filter(e => e.checkVisibility()).every(e => \
        e.tagName === 'IMG' ? getComputedStyle(e).visibility === 'hidden' \
                            : getComputedStyle(e).color === 'rgba(0, 0, 0, 0)')";
    ensure!(!page.eval::<bool>(HIDDEN)?, "names are shown before");
    page.key("p")?;
    page.sees("已遮蔽。再按 p 显示。")?;
    ensure!(page.eval::<bool>(HIDDEN)?, "every name, number and face is hidden");
    let told: Vec<String> = page.eval(&format!(
        "[...document.querySelectorAll('main *')].filter(e => e.children.length === 0 && e.innerText && \
         ({:?}.some(words => e.innerText.includes(words))) && getComputedStyle(e).color !== 'rgba(0, 0, 0, 0)') \
         .map(e => e.outerHTML)",
        [&student.name, &student.id_number, &student.student_number]
    ))?;
    ensure!(told.is_empty(), "still to be read: {told:?}");
    page.shots("masked")?;
    page.reload()?;
    page.until("the mask outlasts a reload", || {
        page.eval("document.documentElement.hasAttribute('data-masked')")
    })?;
    page.key("p")?;
    page.sees("已取消遮蔽。")?;
    ensure!(!page.eval::<bool>(HIDDEN)?, "names are shown again");
    Ok(())
}
