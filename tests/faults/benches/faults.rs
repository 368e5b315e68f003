//! Every operation that changes the archive, struck by faults and power cuts at thousands of moments.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> anyhow::Result<()> {
    faults::full::main(std::path::Path::new(env!("CARGO_BIN_EXE_faults-driver")))
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("skipped: the tracer knows no system but Linux on x86-64");
}
