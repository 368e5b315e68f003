//! Validators by others, which a test lets judge our archive: ocfl-py, in a Python environment of its own.
//!
//! Nothing else needs it: where it can't be installed, that is said here and by the test.

use crate::setup::python;
use crate::workspace::Workspace;

/// The version the test was written for.
const PACKAGE: &str = "ocfl-py==2.1.0";

/// Installs ocfl-py where the test looks for it, if it can be.
pub(crate) fn ensure(workspace: &Workspace) {
    python::environment(&workspace.target().join("ocfl-py"), "bin/ocfl-validate.py", &[PACKAGE]);
}
