use std::cell::Cell;

thread_local! {
    static FAULT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Panics at `place` if the test asked for it: the nearest thing to a kill inside one process.
pub(super) fn fault(place: &'static str) {
    if FAULT.get() == Some(place) {
        panic!("killed {place}");
    }
}
