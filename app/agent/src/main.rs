//! `xuecang-agent`: the tool that runs at the vendor.

fn main() -> std::process::ExitCode {
    xuecang_agent::cli::main()
}
