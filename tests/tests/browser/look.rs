//! What every page is held to, wherever it was opened from: in neither theme anything that axe calls serious, and nothing
//! wider than a phone.

use std::cell::RefCell;

use anyhow::{Result, ensure};
use serde_json::Value;
use tests::{DESKTOP, PHONE, Page, axe};

/// Looks at pages and remembers what is wrong with them, so that a story tells all of it at its end.
#[derive(Debug)]
pub(crate) struct Look {
    axe: Option<String>,
    faults: RefCell<Vec<String>>,
}

impl Look {
    /// Begins to look.
    pub(crate) fn open() -> Result<Self> {
        let axe = axe()?;
        if axe.is_none() {
            println!(
                "skipped: the accessibility audit; axe-core is not there (`cargo xtask setup` brings it where npm is)"
            );
        }
        Ok(Self { axe, faults: RefCell::default() })
    }

    /// Looks at a page as it is now, and leaves the window a desktop's.
    pub(crate) fn at(&self, page: &Page, name: &str) -> Result<()> {
        page.resize(PHONE)?;
        self.fits(page, name)?;
        page.resize(DESKTOP)?;
        let Some(axe) = &self.axe else { return Ok(()) };
        let worn: String = page.eval("document.documentElement.dataset.theme || ''")?;
        for theme in ["light", "dark"] {
            wear(page, theme)?;
            let found = page.audit(axe)?;
            self.faults
                .borrow_mut()
                .extend(found.into_iter().map(|fault| format!("{name} in {theme}: {fault}")));
        }
        wear(page, &worn)
    }

    /// Nothing of the page reaches beyond the window. What is wide scrolls by itself.
    pub(crate) fn fits(&self, page: &Page, name: &str) -> Result<()> {
        const TOO_WIDE: &str =
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done([
                document.documentElement.scrollWidth, innerWidth,
                [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                    .map(e => e.outerHTML.slice(0, 120)).slice(0, 5).join(' … '),
            ]))))";
        // Behind a question, a page waits for the answer.
        page.until("the page is drawn", || {
            page.eval("!document.querySelector('.waiting') || !!document.querySelector('dialog[open]')")
        })?;
        let (wide, window, which): (u32, u32, String) = page.eval(TOO_WIDE)?;
        if wide > window {
            let fault = format!("{name} is {wide} px wide in a window of {window} px; perhaps {which}");
            self.faults.borrow_mut().push(fault);
        }
        Ok(())
    }

    /// Ends: there was nothing wrong.
    pub(crate) fn end(self) -> Result<()> {
        let faults = self.faults.into_inner();
        ensure!(faults.is_empty(), "some pages keep people out:\n{}", faults.join("\n"));
        Ok(())
    }
}

/// Puts the page into a theme for a moment, as its button does, and waits until every colour has changed.
fn wear(page: &Page, theme: &str) -> Result<()> {
    page.eval::<Value>(&format!(
        "(document.documentElement.dataset.theme = {theme:?}, new Promise(done => setTimeout(() => done(null), 300)))"
    ))?;
    Ok(())
}
