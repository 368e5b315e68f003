//! ONNX Runtime itself: one library and one environment for the whole process. What it computes itself and what it has
//! OpenVINO compute is said here.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use ort::{
    environment::Environment,
    ep::{ArbitrarilyConfigurableExecutionProvider as _, ExecutionProviderDispatch, OpenVINO},
    logging::LogLevel,
    session::Session,
};

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
    pub(super) fn session(
        &self,
        model: &str,
        path: &Path,
        arithmetic: Arithmetic,
    ) -> Result<Session, ModelError> {
        self.session_for(1, model, path, arithmetic)
    }

    /// The same for a model that leaves open how many inputs it takes at once: it takes so many.
    pub(super) fn session_for(
        &self,
        batch: usize,
        model: &str,
        path: &Path,
        arithmetic: Arithmetic,
    ) -> Result<Session, ModelError> {
        let fail = |source| ModelError::Load { model: model.to_owned(), source };
        Session::builder(&self.environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_memory_pattern(false)?))
            .and_then(|builder| Ok(builder.with_dimension_override("batch", batch as i64)?))
            .and_then(|builder| Ok(builder.with_execution_providers(arithmetic.providers())?))
            .and_then(|mut builder| builder.commit_from_file(path))
            .map_err(fail)
    }
}

/// How a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    /// In 32 bits, by ONNX Runtime itself.
    Exact,
    /// As is quickest here, by OpenVINO: for a large model whose inputs have one shape. Where the processor multiplies in
    /// bfloat16, factors are rounded to 8 binary digits and products summed in 32 bits, in half the time.
    Quick,
}

impl Arithmetic {
    /// Who computes, before ONNX Runtime itself.
    fn providers(self) -> Vec<ExecutionProviderDispatch> {
        match self {
            Self::Exact => Vec::new(),
            Self::Quick => vec![
                OpenVINO::default()
                    .with_device_type("CPU")
                    .with_arbitrary_config("load_config", properties())
                    .build()
                    .error_on_failure(),
            ],
        }
    }
}

/// The properties of OpenVINO's device. Its threads must not be bound to processors, or those of all workers would be bound
/// to the same one.
fn properties() -> String {
    let precision = if has_bfloat16() { "bf16" } else { "f32" };
    format!(
        r#"{{"CPU": {{"INFERENCE_PRECISION_HINT": "{precision}", "INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1", "ENABLE_CPU_PINNING": "NO"}}}}"#
    )
}

/// Whether the processor multiplies numbers of 16 bits itself; where that has to be imitated, it is slower than 32 bits.
fn has_bfloat16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
