//! The configuration: defaults, then the file, then the environment (`XUECANG_…`), then flags; the last one counts.
//!
//! Values are parsed into the types the rest works with. A key nobody knows is refused, and every complaint names
//! where the value came from and its key. The file is TOML with the keys of [`KEYS`].

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use fs_err as fs;
use toml::Value;

/// Every key with what it means. In the environment a key is in capitals behind `XUECANG_`.
pub const KEYS: &[(&str, &str)] = &[
    ("data", "the data directory"),
    ("listen", "address and port for staff, default 0.0.0.0:8443"),
    ("vendor_listen", "address and port for vendors, default 0.0.0.0:8444"),
    (
        "vendor_address",
        "where vendors reach their port, default https://localhost and the port of vendor_listen",
    ),
    ("allow_unencrypted_volume", "true to work on a volume without encryption, default false"),
    ("models", "folder of the prepared models, default DATA/models"),
    ("engine_threads", "threads that compare faces, default one per processor"),
    ("faces_elsewhere", "people whose faces the school's other systems keep, doors for example; default 0"),
    ("upload_limit_mib", "largest file that staff may put in, MiB, default 4096"),
    ("delivery_limit_mib", "largest delivery, MiB, default 65536"),
    ("photo_limit_mib", "largest photo, MiB, default 32"),
    ("patrol_days", "days within which every byte of the archive is read again, default 90"),
    ("session_idle_minutes", "minutes after which an unused session ends, default 30"),
    ("session_hours", "hours after which every session ends, default 12"),
    ("log_format", "text or json, default text"),
];

/// Names in the environment that start like ours and are not keys of the configuration.
const OTHER_VARIABLES: [&str; 7] = [
    "XUECANG_CONFIG",
    "XUECANG_LOG",
    "XUECANG_FRONTEND",
    "XUECANG_FIXTURES",
    "XUECANG_TEST",
    "XUECANG_ARTEFACTS",
    "XUECANG_PACKAGES",
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("the environment"),
            Self::Flag => f.write_str("the command line"),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("could not read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not TOML: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: Box<toml::de::Error>,
    },
    /// Nobody knows this key.
    #[error("{origin}: nobody knows the key `{key}`; the keys are {}", known())]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
    },
    /// The value is not allowed.
    #[error("{origin}: `{key}` {reason}")]
    BadValue {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// There is no value, and no default.
    #[error("`{key}` must be given, on the command line, in the environment or in the configuration")]
    Missing {
        /// The key.
        key: &'static str,
    },
}

fn known() -> String {
    KEYS.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", ")
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text each.
    Text,
    /// One JSON object each.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("is text or json"),
        }
    }
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the appliance needs to know.
    pub office: service::Config,
    /// Where staff connect.
    pub listen: SocketAddr,
    /// Where vendors connect.
    pub vendor_listen: SocketAddr,
    /// How the log is written.
    pub log: LogFormat,
}

/// Values gathered from several places, the strongest last.
#[derive(Debug, Default)]
pub struct Layers {
    values: BTreeMap<&'static str, (Origin, Value)>,
}

impl Layers {
    /// Adds the values of a file.
    ///
    /// # Errors
    ///
    /// When it can't be read, is not TOML, or has a key nobody knows.
    pub fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let table: toml::Table = text
            .parse()
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        for (key, value) in table {
            self.set(Origin::File(path.to_owned()), &key, value)?;
        }
        Ok(())
    }

    /// Adds the values of the environment.
    ///
    /// # Errors
    ///
    /// When there is a name of ours that nobody knows.
    pub fn environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, text) in variables {
            match name.strip_prefix("XUECANG_") {
                Some(key) if !OTHER_VARIABLES.contains(&name.as_str()) => {
                    self.set(Origin::Environment, &key.to_lowercase(), Value::String(text))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds a value of the command line, if there is one.
    ///
    /// # Errors
    ///
    /// When nobody knows the key.
    pub fn flag(&mut self, key: &str, value: Option<String>) -> Result<(), ConfigError> {
        value.map_or(Ok(()), |value| self.set(Origin::Flag, key, Value::String(value)))
    }

    /// Makes the configuration.
    ///
    /// # Errors
    ///
    /// When a value is not allowed or one without default is missing.
    pub fn finish(self) -> Result<Config, ConfigError> {
        let data: PathBuf = self.get("data")?.ok_or(ConfigError::Missing { key: "data" })?;
        let mut office = service::Config::new(data);
        self.put("models", &mut office.models)?;
        self.put("allow_unencrypted_volume", &mut office.allow_unencrypted_volume)?;
        self.put_with("engine_threads", &mut office.engine_threads, |n: u16| usize::from(n.max(1)))?;
        self.put("faces_elsewhere", &mut office.faces_elsewhere)?;
        self.put_with("upload_limit_mib", &mut office.limits.upload, mib)?;
        self.put_with("delivery_limit_mib", &mut office.limits.delivery, mib)?;
        self.put_with("photo_limit_mib", &mut office.limits.photo, mib)?;
        self.put_with("patrol_days", &mut office.patrol_period, |n: u16| {
            Duration::from_secs(24 * 3600 * u64::from(n.max(1)))
        })?;
        self.put_with("session_idle_minutes", &mut office.sessions.idle, |n: u32| {
            Duration::from_secs(u64::from(n) * 60)
        })?;
        self.put_with("session_hours", &mut office.sessions.absolute, |n: u32| {
            Duration::from_secs(u64::from(n) * 3600)
        })?;
        let mut config = Config {
            office,
            listen: ([0, 0, 0, 0], 8443).into(),
            vendor_listen: ([0, 0, 0, 0], 8444).into(),
            log: LogFormat::Text,
        };
        self.put("listen", &mut config.listen)?;
        self.put("vendor_listen", &mut config.vendor_listen)?;
        self.put("log_format", &mut config.log)?;
        config.office.vendor_address = match self.get("vendor_address")? {
            Some(address) => address,
            None => format!("https://localhost:{}", config.vendor_listen.port()),
        };
        Ok(config)
    }

    fn set(&mut self, origin: Origin, key: &str, value: Value) -> Result<(), ConfigError> {
        match KEYS.iter().find(|(known, _)| *known == key) {
            Some((known, _)) => {
                self.values.insert(known, (origin, value));
                Ok(())
            }
            None => Err(ConfigError::UnknownKey { origin, key: key.to_owned() }),
        }
    }

    fn get<T>(&self, key: &'static str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some((origin, value)) = self.values.get(key) else { return Ok(None) };
        let bad = |reason: String| ConfigError::BadValue { origin: origin.clone(), key, reason };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(yes) => yes.to_string(),
            other => return Err(bad(format!("is a {}, not a single value", other.type_str()))),
        };
        text.parse().map(Some).map_err(|error: T::Err| bad(format!("can't be {text:?}: {error}")))
    }

    fn put<T>(&self, key: &'static str, into: &mut T) -> Result<(), ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.put_with(key, into, |value| value)
    }

    fn put_with<V, T>(
        &self,
        key: &'static str,
        into: &mut T,
        make: impl Fn(V) -> T,
    ) -> Result<(), ConfigError>
    where
        V: FromStr,
        V::Err: fmt::Display,
    {
        if let Some(value) = self.get(key)? {
            *into = make(value);
        }
        Ok(())
    }
}

fn mib(n: u32) -> u64 {
    u64::from(n) << 20
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("xuecang.toml");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let (_dir, path) = file("data = '/file'\nlisten = '127.0.0.1:1'\nsession_hours = 3\n");
        let mut layers = Layers::default();
        layers.file(&path).unwrap();
        let variables = [("XUECANG_DATA", "/environment"), ("XUECANG_LISTEN", "127.0.0.1:2"), ("PATH", "x")];
        layers.environment(variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter()).unwrap();
        layers.flag("data", Some("/flag".to_owned())).unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(config.office.data, Path::new("/flag"));
        assert_eq!(config.office.models, Path::new("/flag/models"));
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.office.sessions.absolute, Duration::from_secs(3 * 3600));
    }

    #[test]
    fn a_complaint_names_file_and_key() {
        let (_dir, path) = file("data = '/x'\nlisten = 'somewhere'\n");
        let mut layers = Layers::default();
        layers.file(&path).unwrap();
        let text = layers.finish().unwrap_err().to_string();
        assert!(
            text.contains("xuecang.toml") && text.contains("`listen`") && text.contains("somewhere"),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let (_dir, path) = file("lisen = '127.0.0.1:1'\n");
        let text = Layers::default().file(&path).unwrap_err().to_string();
        assert!(text.contains("lisen"), "{text}");
    }

    #[test]
    fn without_a_data_directory_there_is_no_configuration() {
        assert!(matches!(Layers::default().finish(), Err(ConfigError::Missing { key: "data" })));
    }
}
