//! `xuecang`: the appliance's server and its commands.

fn main() -> std::process::ExitCode {
    xuecang::cli::main()
}
