//! Both languages and both themes, remembered by the browser; and on every page nothing that keeps anybody out.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tests::{Appliance, Browser, Page, axe};

/// Accounts whose rails together offer every room.
const ACCOUNTS: [&str; 5] = ["registrar", "admissions", "it", "auditor", "security"];

#[test]
fn language_and_theme_are_remembered_and_every_page_is_open_to_everybody() -> Result<()> {
    let appliance = Appliance::start()?;
    let Some(browser) = Browser::open(&appliance, "appearance")? else { return Ok(()) };
    let axe = axe()?;
    if axe.is_none() {
        println!(
            "skipped: the accessibility audit; axe-core is not there (`cargo xtask setup` brings it where npm is)"
        );
    }
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for (at, account) in ACCOUNTS.into_iter().enumerate() {
        let page = browser.signed_in(&appliance, account)?;
        if at == 0 {
            themes(&page)?;
        }
        let rooms = rooms(&page)?.into_iter().filter(|room| seen.insert(room.clone())).collect::<Vec<_>>();
        for (tag, theme) in [("zh-CN", "light"), ("en", "dark")] {
            wear(&page, theme)?;
            speak(&page, tag)?;
            for room in &rooms {
                go(&page, room)?;
                let wrong = if tag == "en" { chinese(&page)? } else { codes(&page)? };
                faults.extend(wrong.into_iter().map(|words| format!("{room} in {tag} shows “{words}”")));
                if let Some(axe) = &axe {
                    let found = page.audit(axe)?.into_iter();
                    faults.extend(found.map(|fault| format!("{room} in {tag}, {theme}: {fault}")));
                }
                page.shots(&format!("{}-{tag}-{theme}", room.replace('/', "_")))?;
            }
        }
    }
    ensure!(faults.is_empty(), "some pages keep people out:\n{}", faults.join("\n"));
    browser.finish()
}

/// The theme turns from the system's to light to dark, and stays so after a reload.
fn themes(page: &Page) -> Result<()> {
    wear(page, "dark")?;
    let dark = paper(page)?;
    page.reload()?;
    ensure!(theme(page)? == "dark" && paper(page)? == dark, "dark outlasts a reload");
    wear(page, "light")?;
    ensure!(paper(page)? != dark, "light is another colour than dark");
    speak(page, "en")?;
    page.find("link", "Today")?;
    page.reload()?;
    ensure!(language(page)? == "en", "English outlasts a reload");
    page.find("link", "Today")?;
    speak(page, "zh-CN")?;
    page.find("link", "今日")?;
    page.reload()?;
    ensure!(language(page)? == "zh-CN" && theme(page)? == "light", "both are remembered");
    Ok(())
}

/// Presses the theme's button until it says that this theme is chosen.
fn wear(page: &Page, wanted: &str) -> Result<()> {
    let names = if wanted == "dark" {
        ["外观：深色", "Theme: dark"]
    } else {
        ["外观：浅色", "Theme: light"]
    };
    page.until(&format!("{wanted} is chosen"), || {
        let buttons = page.all("button")?;
        let button =
            buttons.iter().find(|button| ["外观：", "Theme: "].iter().any(|name| button.name.contains(name)));
        let Some(button) = button else { return Ok(false) };
        if names.iter().any(|name| button.name.contains(name)) {
            return Ok(true);
        }
        page.press(button)?;
        Ok(false)
    })?;
    page.until(&format!("the page is {wanted}"), || Ok(theme(page)? == wanted))
}

/// Presses the language's button if the page speaks another.
fn speak(page: &Page, tag: &str) -> Result<()> {
    if language(page)? != tag {
        page.click("button", "EN")?;
    }
    page.until(&format!("the page speaks {tag}"), || Ok(language(page)? == tag))?;
    page.drawn()
}

fn language(page: &Page) -> Result<String> {
    page.eval("document.documentElement.lang")
}

fn theme(page: &Page) -> Result<String> {
    page.eval("document.documentElement.dataset.theme || ''")
}

fn paper(page: &Page) -> Result<String> {
    page.eval(
        "[document.documentElement, document.body, document.querySelector('main')] \
         .map(element => getComputedStyle(element)).map(style => style.backgroundColor + style.color).join(' ')",
    )
}

fn rooms(page: &Page) -> Result<Vec<String>> {
    page.eval("[...document.querySelectorAll('nav a[href]')].map(a => a.getAttribute('href'))")
}

/// Goes to a room by its place in the rail.
fn go(page: &Page, room: &str) -> Result<()> {
    page.eval::<bool>(&format!(
        "(link => (link.click(), true))([...document.querySelectorAll('nav a')].find(a => a.getAttribute('href') === {room:?}))"
    ))?;
    page.until(&format!("{room} is open"), || Ok(page.place()? == room))?;
    page.drawn()?;
    page.until("the page has its heading", || Ok(!page.all("heading")?.is_empty()))
}

/// Chinese words where English is spoken. What is Chinese in every language says so (`lang`), or is a sign for the eye.
fn chinese(page: &Page) -> Result<Vec<String>> {
    words(page, "[lang^=zh]:not(html), .logo, [aria-hidden=true]", "/[\\u4e00-\\u9fff]+/")
}

/// Pieces of text that are nothing but a code, where words should be. Codes that are meant to be read stand in elements for code.
fn codes(page: &Page) -> Result<Vec<String>> {
    let found = words(page, "code, pre, kbd, .digits, [lang=en], .account", "/^[a-z]+([._-][a-z0-9]+)+$/")?;
    // In this school a person's name is their account's.
    Ok(found.into_iter().filter(|text| !text.contains("_admin")).collect())
}

/// The visible pieces of text outside of `except` that match a pattern.
fn words(page: &Page, except: &str, pattern: &str) -> Result<Vec<String>> {
    page.eval(&format!(
        "(() => {{
            const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {{
                const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
                if ({pattern}.test(text) && element.checkVisibility() && !element.closest({except:?})) found.push(text);
            }}
            return found;
        }})()"
    ))
}
