//! ONNX Runtime itself: one library and one environment for the whole process.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use ort::{environment::Environment, logging::LogLevel, session::Session};

use super::ModelError;

/// The process's environment. The library allows one, ever.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The loaded library.
#[derive(Debug, Clone)]
pub struct Runtime {
    environment: Environment,
}

impl Runtime {
    /// Loads the library at `path`. A process has one: if it is already loaded, that one is used.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = &*loaded {
            return Ok(Self { environment: environment.clone() });
        }
        let fail = |source| ModelError::Library { path: path.to_owned(), source };
        let builder = ort::init_from(path).map_err(|error| fail(error.into()))?;
        let environment =
            builder.with_name("verify").with_telemetry(false).build().map_err(|error| fail(error.into()))?;
        environment.set_log_level(LogLevel::Error);
        *loaded = Some(environment.clone());
        Ok(Self { environment })
    }

    /// Starts a session on one thread: parallel work is the pool's business.
    pub(super) fn session(&self, model: &str, path: &Path) -> Result<Session, ModelError> {
        let fail = |source| ModelError::Load { model: model.to_owned(), source };
        Session::builder(&self.environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_memory_pattern(false)?))
            .and_then(|mut builder| builder.commit_from_file(path))
            .map_err(fail)
    }
}
