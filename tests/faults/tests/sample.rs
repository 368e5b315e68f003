//! A sample of what `cargo xtask bench faults` does in full.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn whatever_fails_nothing_that_was_acknowledged_is_lost_and_nothing_is_torn() {
    use faults::bench::{self, Which};
    use faults::point::Wanted;
    use faults::tracer::NotPermitted;

    let wanted = Wanted { seed: 2026, faults: 300, cuts: 100, controls: 16 };
    let driver = std::path::Path::new(env!("CARGO_BIN_EXE_faults-driver"));
    match bench::run(driver, 2, &Which::Wanted(wanted), &|_| {}) {
        Err(error) if error.is::<NotPermitted>() => println!("skipped: {error}"),
        table => {
            let table = table.unwrap();
            println!("{table}");
            table.verdict().unwrap();
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[test]
fn whatever_fails_nothing_is_lost() {
    println!("skipped: the tracer knows no system but Linux on x86-64");
}
