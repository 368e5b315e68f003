use super::*;

#[test]
fn the_budget_follows_the_archive_within_its_bounds() {
    let days = SignedDuration::from_hours(90 * 24);
    assert_eq!(budget(0, days), FLOOR);
    assert_eq!(budget(50 << 40, days), (100 << 40) / (90 * 24 * 3600));
    assert_eq!(budget(u64::MAX, days), CAP);
    assert_eq!(budget(1 << 40, SignedDuration::ZERO), CAP);
}

#[test]
fn a_rest_ends_when_the_appliance_closes() {
    let closing = AtomicBool::new(true);
    let began = Instant::now();
    rest(Duration::from_secs(60), &closing);
    assert!(began.elapsed() < Duration::from_secs(5));
}
