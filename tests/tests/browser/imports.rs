//! The registrar opens a campaign and brings its roster in; a file that is no roster is refused in one sentence.

use anyhow::{Result, ensure};
use fs_err as fs;
use tests::{Appliance, Browser, Page, School};

use crate::look::Look;

#[test]
fn a_roster_is_imported_and_a_broken_one_refused() -> Result<()> {
    let appliance = Appliance::start()?;
    let Some(browser) = Browser::open(&appliance, "imports")? else { return Ok(()) };
    let page = browser.signed_in(&appliance, "registrar")?;

    page.click("link", "导入")?;
    page.sees("还没有采集批次")?;
    campaign(&page)?;
    page.click("link", "导入")?;

    let school = School::of(40);
    let (good, broken) = (appliance.folder().join("名册.xlsx"), appliance.folder().join("坏名册.xlsx"));
    let roster = school.roster()?;
    fs::write(&good, &roster)?;
    fs::write(&broken, roster.get(..roster.len() / 2).unwrap_or_default())?;

    import(&page, &broken)?;
    page.sees("坏名册.xlsx 未能导入：")?;
    page.sees("没有任何改动。")?;
    page.shots("refused")?;

    import(&page, &good)?;
    page.sees("没有发现问题")?;
    page.sees("新增 40")?;
    page.shots("imported")?;

    page.click("link", "采集")?;
    page.click("link", "2027届毕业生")?;
    page.sees("20*****001")?;
    page.shots("campaign")?;
    let look = Look::open()?;
    look.at(&page, "the campaign")?;
    let rows = page.all("row")?.len();
    ensure!(rows == 41, "the campaign's roster shows {rows} rows, the head among them");
    let text = page.text()?;
    let told = school.students.iter().find(|s| text.contains(&s.name) || text.contains(&s.student_number));
    ensure!(told.is_none(), "the roster shows whole names or numbers: {told:?}");
    look.end()?;
    a_look_finds_what_is_wrong(&page)?;
    browser.finish()
}

/// Pale words in a line wider than a phone are found; so the looks at all other pages would find them.
fn a_look_finds_what_is_wrong(page: &Page) -> Result<()> {
    page.eval::<bool>(
        "(() => {
            const line = document.createElement('p');
            line.textContent = 'pale';
            [line.style.width, line.style.color, line.style.background] = ['900px', '#ddd', '#eee'];
            document.querySelector('main').append(line);
            return true;
        })()",
    )?;
    let look = Look::open()?;
    look.at(page, "a bad page")?;
    let told = look.end().err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(told.contains("px wide"), "a page that is too wide is not found: {told}");
    let pale = ["light", "dark"]
        .iter()
        .all(|theme| told.contains(&format!("a bad page in {theme}: color-contrast")));
    ensure!(pale || tests::axe()?.is_none(), "pale words are not found: {told}");
    Ok(())
}

/// Opens a campaign by its form.
fn campaign(page: &Page) -> Result<()> {
    page.click("link", "采集")?;
    page.click("button", "新建批次")?;
    page.fill("名称", "2027届毕业生")?;
    page.fill("年份", "2027")?;
    for (label, day) in [("采集开始", "2026-09-01"), ("采集结束", "2026-12-31"), ("交付期限", "2027-02-28")]
    {
        page.date(label, day)?;
    }
    page.choose("照片规则", "jbz-2017-99")?;
    page.shots("campaign-form")?;
    page.click_in("dialog", "button", "新建批次")?;
    page.find("heading", "2027届毕业生")?;
    Ok(())
}

/// Picks a file and starts its import.
fn import(page: &Page, file: &std::path::Path) -> Result<()> {
    page.pick("文件", file)?;
    page.sees("已收到")?;
    page.click("button", "开始导入")
}
