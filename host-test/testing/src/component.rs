//! The two components that the build produces, and their hosts.

use std::path::Path;
use std::sync::OnceLock;

use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use aws_lambda_connector_host::sandbox::{Options, Sandbox};

/// A component, named by its version of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    Wasi02,
    Wasi03,
}

impl Component {
    pub const ALL: [Self; 2] = [Self::Wasi02, Self::Wasi03];

    /// Returns the version of WASI as documents spell it.
    pub fn wasi(self) -> &'static str {
        ["0.2", "0.3"][self as usize]
    }

    pub fn file(self) -> &'static Path {
        Path::new([built_component::P2, built_component::P3][self as usize])
    }

    /// Returns the reference host with its default options.
    pub fn host(self) -> &'static Host {
        static HOSTS: PerComponent<Host> =
            PerComponent::new(|component| component.host_with(Options::default()));
        HOSTS.of(self)
    }

    /// Returns the reference host with this HTTP client.
    pub fn host_with_outbound(self, outbound: OutboundOptions) -> Host {
        self.host_with(Options {
            outbound,
            ..Options::default()
        })
    }

    /// Returns the reference host with these options. It caches compiled code on disk, so test
    /// programs share it.
    pub fn host_with(self, options: Options) -> Host {
        Host::new(self.file(), with_compiled_cache(options)).unwrap()
    }

    /// The sandbox of the reference host with its default options.
    pub fn sandbox(self) -> Sandbox {
        Sandbox::load(self.file(), with_compiled_cache(Options::default())).unwrap()
    }
}

fn with_compiled_cache(options: Options) -> Options {
    Options {
        keep_compiled: true,
        ..options
    }
}

/// A value for each component that is created once per process, because compiling a component takes
/// a second.
pub struct PerComponent<T> {
    values: [OnceLock<T>; 2],
    make: fn(Component) -> T,
}

impl<T> PerComponent<T> {
    pub const fn new(make: fn(Component) -> T) -> Self {
        Self {
            values: [const { OnceLock::new() }; 2],
            make,
        }
    }

    pub fn of(&self, component: Component) -> &T {
        self.values[component as usize].get_or_init(|| (self.make)(component))
    }
}
