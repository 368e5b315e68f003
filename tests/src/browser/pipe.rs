//! The wire to Chromium: the DevTools protocol over two pipes, one JSON message after another, each ended by a zero.
//!
//! The messages stay JSON. What a story must know, every request and every error, would be lost to a client that knows
//! the protocol of another release: it drops the events it can't read.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// How long Chromium may take to answer one command.
const ANSWER: Duration = Duration::from_secs(60);

/// A running Chromium and what it has said.
#[derive(Debug)]
pub(super) struct Pipe {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    said: Mutex<Said>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Said {
    asked: u64,
    answers: HashMap<u64, Value>,
    events: Vec<Value>,
    over: bool,
}

impl Pipe {
    /// Takes over a Chromium that was started with its debugging pipes on standard input and output.
    pub(super) fn new(mut child: Child) -> Result<Self> {
        let input = child.stdin.take().context("Chromium takes no input")?;
        let output = child.stdout.take().context("Chromium gives no output")?;
        let heard = Arc::new(Heard::default());
        let hearing = Arc::clone(&heard);
        thread::spawn(move || hearing.listen(output));
        Ok(Self { child: Mutex::new(child), input: Mutex::new(input), heard })
    }

    /// Sends one command, to a page's session or to the browser itself, and waits for its result.
    pub(super) fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let id = self.heard.next();
        let message = match session {
            Some(session) => json!({ "id": id, "method": method, "params": params, "sessionId": session }),
            None => json!({ "id": id, "method": method, "params": params }),
        };
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        let mut input = self.input.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        input.write_all(&bytes).and_then(|()| input.flush()).context("Chromium is gone")?;
        drop(input);
        let answer = self.heard.answer(id).with_context(|| format!("Chromium does not answer {method}"))?;
        match answer.get("error") {
            Some(error) => bail!("Chromium refuses {method}: {error}"),
            None => Ok(answer.get("result").cloned().unwrap_or_default()),
        }
    }

    /// Looks at every event that was heard so far, in its order.
    pub(super) fn events<T>(&self, look: impl FnMut(&Value) -> Option<T>) -> Vec<T> {
        self.heard.lock().events.iter().filter_map(look).collect()
    }

    /// Asks Chromium to close, and ends it when it does not.
    pub(super) fn close(&self) {
        // Its answer does not matter: it may be gone already.
        let _ = self.call(None, "Browser.close", json!({}));
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let begun = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(5) {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close();
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn next(&self) -> u64 {
        let mut said = self.lock();
        said.asked += 1;
        said.asked
    }

    fn listen(&self, output: ChildStdout) {
        let mut output = BufReader::new(output);
        let mut bytes = Vec::new();
        while output.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
            if bytes.last() == Some(&0) {
                bytes.pop();
            }
            if let Ok(message) = serde_json::from_slice(&bytes) {
                self.take_in(message);
            }
            bytes.clear();
        }
        self.lock().over = true;
        self.news.notify_all();
    }

    fn take_in(&self, message: Value) {
        let mut said = self.lock();
        match message.get("id").and_then(Value::as_u64) {
            Some(id) => {
                said.answers.insert(id, message);
            }
            None => said.events.push(message),
        }
        self.news.notify_all();
    }

    fn answer(&self, id: u64) -> Result<Value> {
        let begun = Instant::now();
        let mut said = self.lock();
        loop {
            if let Some(answer) = said.answers.remove(&id) {
                return Ok(answer);
            }
            let Some(left) = ANSWER.checked_sub(begun.elapsed()) else { bail!("it took too long") };
            if said.over {
                bail!("it has ended");
            }
            said = self
                .news
                .wait_timeout(said, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(said, _)| said);
        }
    }
}
