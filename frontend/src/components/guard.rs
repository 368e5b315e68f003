//! What a condition of the handshake was decided on, in words. On the wire and in certificates it is
//! `places=2 twice=0 empty=`: names with values, which may be lists.

use crate::format;
use crate::i18n::{self, words};

/// The particulars of a condition: `位置 2 · 重复 0 · 空位置 无`.
pub(crate) fn particulars(detail: &str) -> String {
    let worded = |part: &str| match part.split_once('=') {
        Some((name, value)) => format!("{} {}", i18n::worded(words::particular, name), said(value)),
        None => part.to_owned(),
    };
    detail.split(' ').filter(|part| !part.is_empty()).map(worded).collect::<Vec<_>>().join(" · ")
}

fn said(value: &str) -> String {
    match value {
        "" => i18n::worded(words::particular, "none"),
        "yes" | "no" => i18n::worded(words::particular, value),
        _ => format::list(&value.split(',').map(str::to_owned).collect::<Vec<_>>()),
    }
}
