//! Compiled code in a file, which a build step or an earlier process made from a component.
//!
//! The file is a line of JSON, the header, and the code that wasmtime serialized. [`Precompiled::check`]
//! compares the component, the maker and every byte of the code with the header. wasmtime then
//! compares its settings and the features of the processor.
//!
//! This detects a file that is outdated or damaged. It does not detect one that is forged: who can
//! write the file can also write its header, and the code runs in the host's process.

use std::env::consts::{ARCH, OS};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, ModuleVersionStrategy};

use super::engine::Functions;

/// Changes with the meaning of the header.
const FORMAT: u32 = 1;

/// The SHA-256 of some bytes.
pub type Hash256 = [u8; 32];

/// Where the machine code of a component came from.
///
/// ```
/// use std::path::Path;
///
/// use aws_lambda_connector_host::sandbox::{Code, Options, Sandbox};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options { keep_compiled: true, ..Options::default() };
/// let sandbox = Sandbox::load(Path::new(built_component::P2), options)?;
/// match sandbox.code() {
///     Code::Loaded { file } => println!("read from {}", file.display()),
///     Code::Kept { file } => println!("compiled; the next process reads {}", file.display()),
///     Code::NotKept { reason } => println!("compiled, and the next process compiles: {reason}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A file had it: the one of [`Options::precompiled`](super::Options::precompiled), or one that
    /// an earlier process kept.
    Loaded {
        /// The file.
        file: PathBuf,
    },
    /// This process compiled the component, and kept the code for the next.
    Kept {
        /// The file that the next process reads.
        file: PathBuf,
    },
    /// This process compiled the component, and the next process compiles it again.
    NotKept {
        /// The reason, such as a cache directory that cannot be written.
        reason: String,
    },
}

/// What precedes the code.
#[derive(Serialize, Deserialize)]
struct Header {
    maker: String,
    functions: Functions,
    /// The SHA-256 of the component and of the code, in hexadecimal digits.
    component: String,
    code: String,
}

/// Why a file does not have the code of a component.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("it is not precompiled code; name a file that holds what `compiled_code` returned")]
    NotCode,
    #[error("it was made by {found}, and this host is {expected}; make it again with this host")]
    Maker { found: String, expected: String },
    #[error(
        "it was made from the component with the SHA-256 {found}, and this one has {expected}; \
         make it again from this component"
    )]
    Component { found: String, expected: String },
    #[error("its code was changed or cut off after it was made; make it again")]
    Damaged,
}

/// Code that passed the checks. wasmtime has not checked it yet.
pub struct Precompiled<'a> {
    /// The kind of engine that it was compiled for.
    pub functions: Functions,
    code: &'a [u8],
}

impl<'a> Precompiled<'a> {
    /// Checks that `file` has the code of the component with this hash, made by this host, and that
    /// it is whole.
    pub fn check(file: &'a [u8], component: &Hash256) -> Result<Self, Rejected> {
        let end = file.iter().position(|byte| *byte == b'\n');
        let (header, code) = end
            .and_then(|end| file.split_at_checked(end))
            .ok_or(Rejected::NotCode)?;
        let code = code.strip_prefix(b"\n").unwrap_or(code);
        let header: Header = serde_json::from_slice(header).map_err(|_| Rejected::NotCode)?;
        let expected = maker();
        if header.maker != expected {
            let found = header.maker;
            return Err(Rejected::Maker { found, expected });
        }
        let expected = hex(component);
        if header.component != expected {
            let found = header.component;
            return Err(Rejected::Component { found, expected });
        }
        if header.code != hex(&Sha256::digest(code).into()) {
            return Err(Rejected::Damaged);
        }
        Ok(Self {
            functions: header.functions,
            code,
        })
    }

    /// Returns the component. wasmtime fails unless the code was compiled with settings that fit the
    /// engine, and with features that this processor has.
    ///
    /// wasmtime copies the code. Mapping the file would save 2 ms, but a file that is overwritten
    /// while it is mapped changes the code that runs.
    #[allow(unsafe_code)]
    pub fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: The code must be what this version of wasmtime serialized. `to_file` writes nothing
        // else, the header names the version, and its hash shows that no byte has changed since.
        // That the header is honest is a condition of `Options::precompiled` and
        // `Options::keep_compiled`: only those who may run code in this process can write the file.
        unsafe { Component::deserialize(engine, self.code) }
    }
}

/// Returns the file with the code of this component.
pub fn to_file(
    component: &Component,
    functions: Functions,
    hash: &Hash256,
) -> wasmtime::Result<Vec<u8>> {
    let code = component.serialize()?;
    let header = Header {
        maker: maker(),
        functions,
        component: hex(hash),
        code: hex(&Sha256::digest(&code).into()),
    };
    let mut file = serde_json::to_vec(&header)?;
    file.push(b'\n');
    file.extend_from_slice(&code);
    Ok(file)
}

/// Names everything that code depends on, beside the component and what wasmtime checks.
pub fn maker() -> String {
    let wasmtime = wasmtime_version();
    format!("wasmtime {wasmtime} for {ARCH}-{OS}, format {FORMAT}")
}

/// Returns wasmtime's whole version. wasmtime itself accepts code from every version with the same
/// major number, so code would outlive a security fix of the compiler.
fn wasmtime_version() -> String {
    /// Keeps what it is given. wasmtime shows its version to hashers only.
    #[derive(Default)]
    struct Hashed(Vec<u8>);

    impl Hasher for Hashed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut hashed = Hashed::default();
    ModuleVersionStrategy::WasmtimeVersion.hash(&mut hashed);
    // A byte that is not text follows a string.
    let version = hashed.0.into_iter().take_while(u8::is_ascii_graphic);
    version.map(char::from).collect()
}

/// Returns hexadecimal digits.
pub fn hex(hash: &Hash256) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        // Infallible: writing to a String.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: Hash256 = [7; 32];

    fn file(change: impl FnOnce(&mut Header)) -> Vec<u8> {
        let mut header = Header {
            maker: maker(),
            functions: Functions::Sync,
            component: hex(&COMPONENT),
            code: hex(&Sha256::digest(b"code\n").into()),
        };
        change(&mut header);
        [&serde_json::to_vec(&header).unwrap(), &b"\ncode\n"[..]].concat()
    }

    fn rejected(file: &[u8]) -> Option<Rejected> {
        Precompiled::check(file, &COMPONENT).err()
    }

    #[test]
    fn maker_has_the_whole_version_of_wasmtime() {
        let version = wasmtime_version();
        let major = ModuleVersionStrategy::WasmtimeVersion.as_str().to_owned();
        assert!(version.starts_with(&(major + ".")), "{version}");
        assert_eq!(version.split('.').count(), 3, "{version}");
    }

    #[test]
    fn code_is_what_follows_the_header() {
        let file = file(|header| header.functions = Functions::Async);
        let precompiled = Precompiled::check(&file, &COMPONENT).ok().unwrap();
        assert_eq!(precompiled.code, b"code\n");
        assert_eq!(precompiled.functions, Functions::Async);
    }

    #[test]
    fn code_of_another_maker_or_component_is_rejected_with_both_names() {
        let other = "wasmtime 47.0.1 for x86_64-linux, format 1";
        assert_eq!(
            rejected(&file(|header| header.maker = other.to_owned())),
            Some(Rejected::Maker {
                found: other.to_owned(),
                expected: maker()
            })
        );
        assert_eq!(
            rejected(&file(|header| header.component = hex(&[8; 32]))),
            Some(Rejected::Component {
                found: "08".repeat(32),
                expected: "07".repeat(32)
            })
        );
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_detected() {
        let whole = file(|_| {});
        assert_eq!(rejected(&whole), None);
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(rejected(&flipped).is_some(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(rejected(&whole[..length]).is_some(), "{length} bytes");
        }
        assert_eq!(
            rejected(&[&whole, &b"x"[..]].concat()),
            Some(Rejected::Damaged)
        );
    }
}
