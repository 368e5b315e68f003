//! Times, counts, sizes and rates as people read them: local zone, thousands apart, tabular.

use crate::prelude::*;
use api::Timestamp;
use js_sys::Date;
use wasm_bindgen::JsValue;

use crate::i18n::Language;
use crate::state::{now, state};
use crate::t;

fn local(at: Timestamp) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium are exact in an f64")]
    Date::new(&JsValue::from_f64(at.as_millisecond() as f64))
}

/// `2026-07-01 14:03` in the local zone.
pub(crate) fn local_time(at: Timestamp) -> String {
    let date = local(at);
    format!("{} {:02}:{:02}", local_date(at), date.get_hours(), date.get_minutes())
}

/// `2026-07-01` in the local zone.
pub(crate) fn local_date(at: Timestamp) -> String {
    let date = local(at);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// A moment, machine-readable beneath.
pub(crate) fn when(at: Timestamp) -> AnyView {
    view! { <time class="when" datetime=at.to_string()>{local_time(at)}</time> }.into_any()
}

/// How long ago something was, in its largest unit.
pub(crate) fn age(at: Timestamp) -> String {
    let ms = now().as_millisecond().saturating_sub(at.as_millisecond());
    span(u64::try_from(ms).unwrap_or(0))
}

/// A span of milliseconds in its largest unit.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => t!(time.ms, n = ms),
        1..=119 => t!(time.seconds, n = seconds),
        120..=7199 => t!(time.minutes, n = seconds / 60),
        7200..=172_799 => t!(time.hours, n = seconds / 3600),
        _ => t!(time.days, n = seconds / 86_400),
    }
}

/// What is left of a countdown, as minutes and seconds.
pub(crate) fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

/// A count, thousands apart by a thin space.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A number with so many digits after the point. The browser writes it: its way is there already.
pub(crate) fn fixed(value: impl Into<f64>, digits: u8) -> String {
    js_sys::Number::from(value.into()).to_fixed(digits).map(String::from).unwrap_or_default()
}

/// A number as short as it can be written.
pub(crate) fn plain(value: impl Into<f64>) -> String {
    js_sys::Number::from(value.into()).to_string_with_radix(10).map(String::from).unwrap_or_default()
}

/// Bytes in the largest unit that leaves at least one digit before the point.
#[expect(clippy::cast_precision_loss, reason = "three significant digits are shown")]
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if value < 1000.0 || unit == "TB" {
            return if unit == "B" { format!("{bytes} B") } else { format!("{} {unit}", fixed(value, 1)) };
        }
        value /= 1000.0;
    }
    String::new()
}

/// A share of one, in percent with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", fixed(share * 100.0, 1))
}

/// A small rate as people write it: `1e-3` as `0.1 %`, and tinier ones in powers of ten.
pub(crate) fn rate(share: f64) -> String {
    if share == 0.0 {
        "0".to_owned()
    } else if share >= 1e-4 {
        let text = fixed(share * 100.0, 3);
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    } else {
        js_sys::Number::from(share).to_exponential(0).map(String::from).unwrap_or_default()
    }
}

/// How many times likelier, as `120 : 1` or `1 : 40`.
pub(crate) fn odds(ratio: f64) -> String {
    let figure = |value: f64| {
        if value >= 100_000.0 {
            "> 100 000".to_owned()
        } else if value >= 10.0 {
            fixed(value, 0)
        } else {
            fixed(value, 1)
        }
    };
    if ratio >= 1.0 {
        format!("{} : 1", figure(ratio))
    } else {
        format!("1 : {}", figure(1.0 / ratio.max(1e-9)))
    }
}

/// Several things in one line, as the language joins them.
pub(crate) fn list(parts: &[String]) -> String {
    match state().language_now() {
        Language::Zh => parts.join("、"),
        Language::En => parts.join(", "),
    }
}
