//! The directory where compiled code is kept for the next process.
//!
//! A file appears complete, under a name of its own for each component and maker. Processes that
//! compile at the same time write the same code, and the last one's file remains.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs::{self, DirBuilder, File};
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::precompiled::{Hash256, hex, maker};

/// The number of files in the directory. Each has a few megabytes. The oldest are removed, which
/// includes what a process left behind that ended while it wrote.
const MOST_FILES: usize = 16;

/// The place of one component's code.
pub struct Kept {
    directory: PathBuf,
    file: PathBuf,
}

impl Kept {
    /// Returns the place in the user's cache directory, if the environment names one. The folder
    /// contains nothing else.
    pub fn find(component: &Hash256) -> Option<Self> {
        let directory = user_cache()?.join("aws-lambda-connector/compiled");
        Some(Self::within(directory, component))
    }

    fn within(directory: PathBuf, component: &Hash256) -> Self {
        let name = Sha256::new().chain_update(component).chain_update(maker());
        let file = directory.join(hex(&name.finalize().into()));
        Self { directory, file }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the file at once, and creates the directory, which only the user can read.
    pub fn write(&self, code: &[u8]) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        let random = RandomState::new().hash_one(&self.file);
        let temporary = self.directory.join(format!("{random:016x}.tmp"));
        let written = File::create_new(&temporary)
            .and_then(|mut file| file.write_all(code))
            .and_then(|()| fs::rename(&temporary, &self.file));
        if written.is_err() {
            // The file may not exist.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        // The code is kept, also if others cannot be removed.
        let _ = self.remove_oldest_others();
        Ok(())
    }

    fn remove_oldest_others(&self) -> io::Result<()> {
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            // Another process may have removed the file.
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
            if path != self.file
                && let Ok(modified) = modified
            {
                others.push((modified, path));
            }
        }
        others.sort_unstable();
        for (_, file) in others.iter().rev().skip(MOST_FILES - 1) {
            // The same.
            let _ = fs::remove_file(file);
        }
        Ok(())
    }
}

/// Returns the directory for files that can be made again, as the platform defines it.
fn user_cache() -> Option<PathBuf> {
    if cfg!(windows) {
        return absolute(env::var_os("LOCALAPPDATA")?);
    }
    if cfg!(target_vendor = "apple") {
        return absolute(env::home_dir()?.join("Library/Caches"));
    }
    let xdg = env::var_os("XDG_CACHE_HOME").and_then(absolute);
    xdg.or_else(|| absolute(env::home_dir()?.join(".cache")))
}

fn absolute(path: impl Into<PathBuf>) -> Option<PathBuf> {
    Some(path.into()).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A folder that is missing at first, and is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let name = format!("aws-lambda-connector-kept-{test}-{}", std::process::id());
            Self(env::temp_dir().join(name))
        }

        fn kept(&self, component: u8) -> Kept {
            Kept::within(self.0.join("compiled"), &[component; 32])
        }

        fn files(&self) -> usize {
            fs::read_dir(self.0.join("compiled")).unwrap().count()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn writers_at_the_same_time_leave_one_whole_file() {
        let folder = Folder::new("writers");
        let codes: Vec<_> = (0..8).map(|writer| vec![writer; 100_000]).collect();
        thread::scope(|scope| {
            for code in &codes {
                scope.spawn(|| folder.kept(1).write(code).unwrap());
            }
        });
        assert!(codes.contains(&fs::read(folder.kept(1).file()).unwrap()));
        assert_eq!(folder.files(), 1);
    }

    #[test]
    fn each_component_has_its_own_file_and_the_newest_remain() {
        let folder = Folder::new("newest");
        for component in 0..20 {
            folder.kept(component).write(&[component]).unwrap();
            assert_eq!(
                fs::read(folder.kept(component).file()).unwrap(),
                [component]
            );
        }
        assert_eq!(folder.files(), MOST_FILES);
    }

    #[test]
    fn directory_that_cannot_be_created_is_an_error() {
        let folder = Folder::new("error");
        fs::write(&folder.0, "a file").unwrap();
        assert!(folder.kept(1).write(b"code").is_err());
        assert!(!folder.kept(1).file().exists());
        fs::remove_file(&folder.0).unwrap();
    }

    #[test]
    fn relative_directory_is_ignored() {
        assert_eq!(absolute("cache"), None);
        assert_eq!(absolute(env::temp_dir()), Some(env::temp_dir()));
    }
}
