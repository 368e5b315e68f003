//! How far a long command is, on a terminal; silent where nobody looks.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// One line on the standard error stream: the step, a bar, units done and in all, and the time it will still take.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar that nothing has been told yet.
    pub(super) fn new() -> Self {
        Self::styled(ProgressBar::no_length())
    }

    /// One of several, below each other.
    pub(super) fn among(several: &MultiProgress) -> Self {
        Self::styled(several.add(ProgressBar::no_length()))
    }

    fn styled(bar: ProgressBar) -> Self {
        const FORM: &str = "{prefix}{msg:<12} {bar:30} {human_pos}/{human_len} {eta}";
        // The form is ours and is right; a wrong one would show the library's own.
        if let Ok(style) = ProgressStyle::with_template(FORM) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Says what the line is about: `check_delivery`.
    pub(super) fn name(&self, name: &str) {
        self.0.set_prefix(format!("{name:<16} "));
    }

    /// Shows how far a step is. A total of 0 is not known.
    pub(super) fn show(&self, step: &str, done: u64, total: u64) {
        if self.0.message() != step {
            self.0.set_message(step.to_owned());
            self.0.reset_eta();
        }
        self.0.set_length(total.max(done));
        self.0.set_position(done);
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
