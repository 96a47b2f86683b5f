//! What commands do before they begin: find and read the configuration.

use std::path::{Path, PathBuf};

use jf_dsl::Diagnostics;

use crate::config::{CONFIG_FILE, Config};
use crate::definitions::PathError;

/// A configuration with its faults.
pub(crate) struct Prepared {
    pub(crate) config: Config,
    pub(crate) faults: Diagnostics,
}

/// The configuration of `--config`, else the one that is found (see [`Config::discover`]), else the defaults.
pub(crate) fn config(given: Option<&Path>, served: &[PathBuf]) -> Result<Prepared, PathError> {
    let path = match given {
        Some(path) => Some(path.to_path_buf()),
        None => {
            let here = std::env::current_dir()
                .map_err(|error| PathError { path: PathBuf::from(CONFIG_FILE), error })?;
            Config::discover(&here, served)
        }
    };
    let Some(path) = path else {
        return Ok(Prepared { config: Config::default(), faults: Diagnostics::new() });
    };
    match Config::from_path(&path) {
        Ok((config, faults)) => Ok(Prepared { config, faults }),
        Err(error) => Err(PathError { path, error }),
    }
}
