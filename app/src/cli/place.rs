//! Where the appliance is: flags that most commands share.

use std::{path::PathBuf, sync::Arc};

use anyhow::Result;
use service::Office;

use crate::config::{Config, Layers};

/// Where the appliance is.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The data directory [env: XUECANG_DATA]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,

    /// The configuration file, TOML [env: XUECANG_CONFIG]
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,

    /// The folder of the prepared models [env: XUECANG_MODELS]
    #[arg(long)]
    pub(crate) models: Option<PathBuf>,
}

impl Place {
    /// The configuration, with further flags as key and value.
    pub(crate) fn configuration(&self, flags: &[(&str, Option<String>)]) -> Result<Config> {
        let mut layers = Layers::default();
        let file = self.config.clone().or_else(|| std::env::var_os("XUECANG_CONFIG").map(PathBuf::from));
        if let Some(file) = file {
            layers.file(&file)?;
        }
        layers.environment(
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )?;
        layers.flag("data", self.data.as_ref().map(|path| path.display().to_string()))?;
        layers.flag("models", self.models.as_ref().map(|path| path.display().to_string()))?;
        for (key, value) in flags {
            layers.flag(key, value.clone())?;
        }
        Ok(layers.finish()?)
    }

    /// The opened appliance, for a command at the console.
    pub(crate) fn open(&self) -> Result<Arc<Office>> {
        Ok(Office::open(self.configuration(&[])?.office)?)
    }

    /// The opened appliance for a command that writes the archive: no server may run meanwhile.
    pub(crate) fn open_alone(&self) -> Result<(service::Taken, Arc<Office>)> {
        let config = self.configuration(&[])?.office;
        Ok((service::take(&config.data)?, Office::open(config)?))
    }
}
