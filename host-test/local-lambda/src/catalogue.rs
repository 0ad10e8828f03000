//! The functions of the service, with their versions and aliases.

use super::functions::Handler;

/// A function and its configuration.
pub(super) struct Function {
    pub name: String,
    pub description: String,
    /// `None` for a container image.
    pub runtime: Option<&'static str>,
    pub architecture: &'static str,
    pub memory_mb: u32,
    pub timeout_seconds: u32,
    pub tenant_isolated: bool,
    pub durable: bool,
    /// Reserved concurrency is 0, so every synchronous invocation is throttled.
    pub throttled: bool,
    /// Descriptions of the published versions, oldest first. The first one describes version `1`.
    pub versions: Vec<&'static str>,
    pub aliases: Vec<Alias>,
    pub handler: Handler,
}

pub(super) struct Alias {
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    /// A second version and N: every Nth invocation of the alias runs that version.
    pub routed: Option<(&'static str, u32)>,
}

impl Function {
    fn new(name: &str, description: &str, handler: Handler) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            runtime: Some("python3.14"),
            architecture: "arm64",
            memory_mb: 128,
            timeout_seconds: 30,
            tenant_isolated: false,
            durable: false,
            throttled: false,
            versions: Vec::new(),
            aliases: Vec::new(),
            handler,
        }
    }
}

pub(super) struct Catalogue(Vec<Function>);

impl Catalogue {
    pub fn new(extra: usize) -> Self {
        let mut all = built_in();
        all.extend((0..extra).map(extra_function));
        Self(all)
    }

    /// Returns the functions in the order in which they are listed.
    pub fn all(&self) -> &[Function] {
        &self.0
    }

    pub fn find(&self, name: &str) -> Option<&Function> {
        self.0.iter().find(|function| function.name == name)
    }
}

fn built_in() -> Vec<Function> {
    use Handler as H;
    let f = Function::new;
    vec![
        f("echo", "Returns its event, byte for byte", H::Echo),
        f("greet", "Greets by name", H::Greet),
        f("fail", "Throws an error", H::Fail),
        Function {
            timeout_seconds: 1_800,
            ..f(
                "slow",
                "Waits for the requested number of milliseconds",
                H::Slow,
            )
        },
        f("log", "Writes lines to its log", H::Log),
        f("count", "Counts its runs, by key", H::Count),
        Function {
            timeout_seconds: 1,
            ..f("timeout", "Exceeds its timeout", H::TimeOut)
        },
        f("oom", "Needs more memory than it has", H::RunOutOfMemory),
        Function {
            runtime: Some("provided.al2023"),
            ..f(
                "binary",
                "Returns bytes that are neither JSON nor UTF-8",
                H::Binary,
            )
        },
        f("context", "Returns everything that it received", H::Context),
        f("big", "Returns the requested number of bytes", H::Big),
        Function {
            timeout_seconds: 900,
            ..f("stream", "Writes its response in steps", H::Stream)
        },
        Function {
            tenant_isolated: true,
            ..f("tenant", "Runs separately for each tenant", H::Context)
        },
        durable_function("durable", "Runs once for each execution name", H::Durable),
        durable_function("workflow", "Runs the steps of its event", H::Workflow),
        durable_function("approval", "Waits for a callback", H::Approval),
        Function {
            throttled: true,
            ..f("throttled", "Has a reserved concurrency of 0", H::Echo)
        },
        Function {
            versions: vec!["First", "Zweite Version: größer", ""],
            aliases: vec![
                Alias {
                    name: "live",
                    version: "2",
                    description: "Production, one call in ten on version 3",
                    routed: Some(("3", 10)),
                },
                Alias {
                    name: "beta",
                    version: "3",
                    description: "",
                    routed: None,
                },
            ],
            ..f("versioned", "Has versions and aliases", H::Context)
        },
    ]
}

fn durable_function(name: &str, description: &str, handler: Handler) -> Function {
    Function {
        durable: true,
        versions: vec!["First"],
        aliases: vec![Alias {
            name: "live",
            version: "1",
            description: "Production",
            routed: None,
        }],
        ..Function::new(name, description, handler)
    }
}

/// Builds the nth generated function. The result depends on `n` only, and differs from its
/// neighbours in every column of a list.
fn extra_function(n: usize) -> Function {
    const AREAS: [&str; 7] = [
        "billing",
        "Orders",
        "users",
        "search",
        "media_assets",
        "audit",
        "IoT",
    ];
    const JOBS: [&str; 5] = ["api", "worker", "import", "nightly-report", "cleanup"];
    const DESCRIPTIONS: [&str; 4] = [
        "",
        "Nightly run",
        "Überträgt die Daten",
        "Reads \"orders\" & more",
    ];
    const RUNTIMES: [Option<&str>; 8] = [
        Some("nodejs24.x"),
        Some("python3.14"),
        Some("java25"),
        Some("dotnet10"),
        Some("ruby3.4"),
        Some("provided.al2023"),
        Some("nodejs26.x"),
        None,
    ];
    Function {
        runtime: RUNTIMES[n % 8],
        architecture: ["x86_64", "arm64", "arm64"][n % 3],
        memory_mb: [128, 256, 512, 1_769, 10_240][n % 5],
        timeout_seconds: [3, 30, 60, 900][n % 4],
        tenant_isolated: n % 50 == 7,
        versions: if n % 100 == 3 {
            vec!["First", "Second"]
        } else {
            Vec::new()
        },
        ..Function::new(
            &format!("{}-{}-{n:04}", AREAS[n % 7], JOBS[n % 5]),
            DESCRIPTIONS[n % 4],
            Handler::Echo,
        )
    }
}
