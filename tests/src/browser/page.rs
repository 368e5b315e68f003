//! One window: what is seen in it, and what a person does there.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use fs_err as fs;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::pipe::Pipe;
use super::record::Expected;

/// A desktop's window, px.
pub const DESKTOP: (u32, u32) = (1440, 900);
/// A phone's, px.
pub const PHONE: (u32, u32) = (390, 844);

/// How long a person waits for something that should be there.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(40);
/// For so long a thing must have kept its place before it is pressed.
const STILL: Duration = Duration::from_millis(120);

/// The roles of fields that text goes into.
const FIELDS: [&str; 3] = ["textbox", "searchbox", "spinbutton"];

/// A window of a person's own.
#[derive(Debug)]
pub struct Page {
    pipe: Rc<Pipe>,
    session: String,
    base: String,
    shots: PathBuf,
    expected: Rc<RefCell<Vec<Expected>>>,
}

/// A thing on the page, as long as the page keeps it.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Chromium's handle of the node.
    object: String,
    /// Its name, as a screen reader says it.
    pub name: String,
}

impl Page {
    pub(super) fn new(
        pipe: Rc<Pipe>,
        session: String,
        base: String,
        shots: PathBuf,
        expected: Rc<RefCell<Vec<Expected>>>,
    ) -> Result<Self> {
        let page = Self { pipe, session, base, shots, expected };
        for domain in ["Page", "Runtime", "Network", "Log", "Inspector", "DOM"] {
            page.call(&format!("{domain}.enable"), json!({}))?;
        }
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }))?;
        page.resize(DESKTOP)?;
        Ok(page)
    }

    /// Makes the window so large.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        // A picture of the whole page would be narrower than the page by the bar beside it.
        self.call("Emulation.setScrollbarsHidden", json!({ "hidden": true }))?;
        Ok(())
    }

    /// Loads an address of the appliance, as if it was typed.
    ///
    /// # Errors
    ///
    /// When the client does not draw itself.
    pub fn goto(&self, path: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": format!("{}{path}", self.base) }))?;
        if let Some(error) = answer.get("errorText") {
            bail!("{path} does not load: {error}");
        }
        self.drawn()
    }

    /// Loads the page anew.
    ///
    /// # Errors
    ///
    /// When the client does not draw itself.
    pub fn reload(&self) -> Result<()> {
        self.eval::<Value>("window.leftBehind = true")?;
        self.call("Page.reload", json!({}))?;
        self.until("the page is loaded anew", || self.eval::<bool>("!window.leftBehind"))?;
        self.drawn()
    }

    /// Waits until the client has drawn a page and waits for nothing.
    ///
    /// # Errors
    ///
    /// When it goes on waiting.
    pub fn drawn(&self) -> Result<()> {
        self.until("the page is drawn", || {
            self.eval::<bool>(
                "document.readyState === 'complete' && !!document.querySelector('main#page') \
                 && !document.querySelector('.waiting')",
            )
        })
    }

    /// Where the window is: path and query.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn place(&self) -> Result<String> {
        self.eval("location.pathname + location.search")
    }

    /// Runs a script and reads what it gives, awaited.
    ///
    /// # Errors
    ///
    /// When the script fails or gives something else.
    pub fn eval<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        let wanted = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        read(self.call("Runtime.evaluate", wanted)?)
    }

    /// The text a person sees.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn text(&self) -> Result<String> {
        self.eval("document.body ? document.body.innerText : ''")
    }

    /// Waits until these words are seen.
    ///
    /// # Errors
    ///
    /// When they are not seen in time.
    pub fn sees(&self, words: &str) -> Result<()> {
        self.until(&format!("“{words}” is seen"), || Ok(self.text()?.contains(words)))
    }

    /// Waits until these words are seen no more.
    ///
    /// # Errors
    ///
    /// When they stay.
    pub fn sees_no(&self, words: &str) -> Result<()> {
        self.until(&format!("“{words}” is gone"), || Ok(!self.text()?.contains(words)))
    }

    /// Waits until something holds.
    ///
    /// # Errors
    ///
    /// When it does not in time, with what is seen instead.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        let mut last = None;
        while begun.elapsed() < PATIENCE {
            // Between two pages there is no page to ask.
            match holds() {
                Ok(true) => return Ok(()),
                Ok(false) => last = None,
                Err(error) => last = Some(error),
            }
            sleep(LOOK);
        }
        let shot = self.shot("failed").map(|path| path.display().to_string()).unwrap_or_default();
        let why = last.map(|error| format!(" ({error:#})")).unwrap_or_default();
        bail!(
            "waited in vain until {what}{why}; at {}, seen in {shot}:\n{}",
            self.place().unwrap_or_default(),
            self.text().unwrap_or_default()
        )
    }

    /// Waits for the one thing of this role with this name. A part of the name will do, if no other has it.
    ///
    /// # Errors
    ///
    /// When it does not come, or there are several.
    pub fn find(&self, role: &str, name: &str) -> Result<Thing> {
        self.wait_for(&[role], name)
    }

    /// How many things of this role have this in their name, now.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn count(&self, role: &str, name: &str) -> Result<usize> {
        Ok(self.all(role)?.iter().filter(|thing| thing.name.contains(name)).count())
    }

    /// Every thing of a role, in the order of the page.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn all(&self, role: &str) -> Result<Vec<Thing>> {
        let document = self.call("Runtime.evaluate", json!({ "expression": "document" }))?;
        let object = document.pointer("/result/objectId").context("the window has no document")?;
        let tree = self.call("Accessibility.queryAXTree", json!({ "objectId": object, "role": role }))?;
        let nodes = tree.get("nodes").and_then(Value::as_array).into_iter().flatten();
        let mut things = Vec::new();
        for node in nodes.filter(|node| node.get("ignored") != Some(&Value::Bool(true))) {
            let Some(id) = node.get("backendDOMNodeId") else { continue };
            let resolved = self.call("DOM.resolveNode", json!({ "backendNodeId": id }))?;
            let object = resolved.pointer("/object/objectId").and_then(Value::as_str);
            let name = node.pointer("/name/value").and_then(Value::as_str).unwrap_or_default();
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            things.extend(object.map(|object| Thing { object: object.to_owned(), name }));
        }
        Ok(things)
    }

    fn wait_for(&self, roles: &[&str], name: &str) -> Result<Thing> {
        let mut found = None;
        self.until(&format!("there is one {} “{name}”", roles.join(" or ")), || {
            found = self.one(roles, name)?;
            Ok(found.is_some())
        })?;
        found.context("nothing was found")
    }

    fn one(&self, roles: &[&str], name: &str) -> Result<Option<Thing>> {
        let mut like = Vec::new();
        for role in roles {
            like.extend(self.all(role)?.into_iter().filter(|thing| thing.name.contains(name)));
        }
        if like.iter().filter(|thing| thing.name == name).count() == 1 {
            like.retain(|thing| thing.name == name);
        }
        if like.len() > 1 {
            let names: Vec<_> = like.iter().map(|thing| thing.name.as_str()).collect();
            bail!("there are several: {}", names.join(" | "));
        }
        Ok(like.pop())
    }

    /// Presses the mouse on the one thing of this role and name.
    ///
    /// # Errors
    ///
    /// When it is not there, or something else lies over it.
    pub fn click(&self, role: &str, name: &str) -> Result<()> {
        let wanted = format!("the {role} “{name}” can be pressed");
        self.until(&wanted, || match self.one(&[role], name)? {
            Some(thing) => self.press(&thing),
            None => Ok(false),
        })
    }

    /// Presses the mouse on a thing. Answers whether it could be reached.
    ///
    /// # Errors
    ///
    /// When the page has let go of it.
    pub fn press(&self, thing: &Thing) -> Result<bool> {
        const MIDDLE: &str = "function() {
            if (this.disabled) return null;
            this.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
            const box = [...this.getClientRects()].find(box => box.width > 0 && box.height > 0);
            if (!box) return null;
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const hit = document.elementFromPoint(x, y);
            const label = this.labels && [...this.labels].some(label => label.contains(hit));
            return hit && (this.contains(hit) || hit.contains(this) || label) ? [x, y] : null;
        }";
        // What moves, because the page is still being drawn, is not pressed yet: nobody could.
        let first = self.ask::<Option<(f64, f64)>>(thing, MIDDLE, json!([]))?;
        sleep(STILL);
        let Some((x, y)) =
            self.ask::<Option<(f64, f64)>>(thing, MIDDLE, json!([]))?.filter(|at| first == Some(*at))
        else {
            return Ok(false);
        };
        for (kind, count) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 1)] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": if count == 0 { "none" } else { "left" }, "clickCount": count });
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(true)
    }

    /// Puts text into the one field of this name, in place of what is there.
    ///
    /// # Errors
    ///
    /// When the field is not there.
    pub fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.wait_for(&FIELDS, name)?;
        let _: Value =
            self.ask(&field, "function() { this.focus(); this.select(); return null; }", json!([]))?;
        self.types(text)
    }

    /// What the one field of this name holds.
    ///
    /// # Errors
    ///
    /// When the field is not there.
    pub fn value(&self, name: &str) -> Result<String> {
        let field = self.wait_for(&FIELDS, name)?;
        self.ask(&field, "function() { return this.value; }", json!([]))
    }

    /// Types text where the focus is.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn types(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text }))?;
        Ok(())
    }

    /// Presses a key: `a`, `/`, `Enter`, `ArrowDown`, `Escape`, ` `.
    ///
    /// # Errors
    ///
    /// When Chromium is gone.
    pub fn key(&self, key: &str) -> Result<()> {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            other => u32::from(other.to_ascii_uppercase().chars().next().context("no key is named")?),
        };
        let text = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let down =
            json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
        self.call("Input.dispatchKeyEvent", down)?;
        let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up)?;
        Ok(())
    }

    /// Chooses the option that has these words in the one list of this name.
    ///
    /// # Errors
    ///
    /// When there is no such list or option.
    pub fn choose(&self, name: &str, option: &str) -> Result<()> {
        const CHOOSE: &str = "function(words) {
            const option = [...this.options].find(option => option.text.includes(words));
            if (!option) return false;
            this.focus();
            this.value = option.value;
            this.dispatchEvent(new Event('input', { bubbles: true }));
            this.dispatchEvent(new Event('change', { bubbles: true }));
            return true;
        }";
        let list = self.wait_for(&["combobox"], name)?;
        if !self.ask::<bool>(&list, CHOOSE, json!([{ "value": option }]))? {
            bail!("“{name}” does not offer “{option}”");
        }
        Ok(())
    }

    /// Puts a day, as `2026-09-01`, into the one date field of this name.
    ///
    /// # Errors
    ///
    /// When the field is not there.
    pub fn date(&self, name: &str, day: &str) -> Result<()> {
        const SET: &str = "function(day) {
            this.focus();
            this.value = day;
            this.dispatchEvent(new Event('input', { bubbles: true }));
            this.dispatchEvent(new Event('change', { bubbles: true }));
        }";
        let field = self.wait_for(&["Date", "textbox"], name)?;
        self.ask(&field, SET, json!([{ "value": day }]))
    }

    /// Presses the mouse on the one thing of this role and name that lies inside another: the last button of a dialog
    /// may bear the name of the button that opened it.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn click_in(&self, around: &str, role: &str, name: &str) -> Result<()> {
        const INSIDE: &str = "function(around) { return !!this.closest(around); }";
        self.until(&format!("the {role} “{name}” in {around} can be pressed"), || {
            for thing in self.all(role)?.into_iter().filter(|thing| thing.name.contains(name)) {
                if self.ask::<bool>(&thing, INSIDE, json!([{ "value": around }]))? {
                    return self.press(&thing);
                }
            }
            Ok(false)
        })
    }

    /// Picks a file for the one place of this name.
    ///
    /// # Errors
    ///
    /// When there is no such place.
    pub fn pick(&self, name: &str, file: &Path) -> Result<()> {
        let place = self.wait_for(&["button"], name)?;
        self.call("DOM.setFileInputFiles", json!({ "objectId": place.object, "files": [file] }))?;
        Ok(())
    }

    /// Lets axe judge the page as it is now. Gives what it calls serious or critical, in words.
    ///
    /// # Errors
    ///
    /// When it can't judge.
    pub fn audit(&self, axe: &str) -> Result<Vec<String>> {
        const JUDGE: &str = "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations
            .filter(fault => ['serious', 'critical'].includes(fault.impact))
            .map(fault => `${fault.id}: ${fault.help}: ${fault.nodes.map(node => node.html.slice(0, 200)).join(' … ')}`))";
        if !self.eval::<bool>("!!window.axe")? {
            self.eval::<Value>(&format!("{axe}; null"))?;
        }
        self.eval(JUDGE)
    }

    /// Says that the server will refuse something of this window: a status, and a part of the address.
    pub fn expect(&self, status: u64, place: &str) {
        let expected = Expected { session: self.session.clone(), status, place: place.to_owned() };
        self.expected.borrow_mut().push(expected);
    }

    /// Keeps a picture of the whole page at desktop and phone width, and leaves the window a desktop's.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn shots(&self, name: &str) -> Result<()> {
        for (size, word) in [(PHONE, "phone"), (DESKTOP, "desktop")] {
            self.resize(size)?;
            self.shot(&format!("{name}-{word}"))?;
        }
        Ok(())
    }

    /// Keeps a picture of the whole page as it is.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn shot(&self, name: &str) -> Result<PathBuf> {
        // Two frames, so that what was just changed is painted.
        self.eval::<Value>(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))",
        )?;
        let picture =
            self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }))?;
        let data = picture.get("data").and_then(Value::as_str).context("there is no picture")?;
        let path = self.shots.join(format!("{name}.png"));
        fs::write(&path, base64::engine::general_purpose::STANDARD.decode(data)?)?;
        Ok(path)
    }

    fn ask<T: DeserializeOwned>(&self, thing: &Thing, function: &str, words: Value) -> Result<T> {
        let wanted = json!({
            "objectId": thing.object, "functionDeclaration": function, "arguments": words,
            "returnByValue": true, "awaitPromise": true,
        });
        read(self.call("Runtime.callFunctionOn", wanted)?)
    }

    fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.pipe.call(Some(&self.session), method, params)
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    if let Some(error) = answer.get("exceptionDetails") {
        bail!("the script failed: {error}");
    }
    let value = answer.pointer("/result/value").cloned().unwrap_or_default();
    serde_json::from_value(value).context("the script gave something else")
}
