//! Which functions there are, with their versions and aliases.

use super::functions::{self, Handler};

/// A function as it was created.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub name: String,
    pub description: String,
    /// `None`: a container image.
    pub runtime: Option<&'static str>,
    pub architecture: &'static str,
    pub memory_mb: u32,
    pub timeout_seconds: u32,
    pub tenant_isolated: bool,
    pub durable: bool,
    /// Its reserved concurrency is 0: every synchronous invocation is throttled.
    pub throttled: bool,
    /// Published versions, oldest first: the first is `1`.
    pub versions: Vec<&'static str>,
    pub aliases: Vec<Alias>,
    pub handler: Handler,
}

#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    /// The version that one of so many invocations goes to.
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

    /// In the order in which they are listed.
    pub fn all(&self) -> &[Function] {
        &self.0
    }

    pub fn find(&self, name: &str) -> Option<&Function> {
        self.0.iter().find(|function| function.name == name)
    }
}

fn built_in() -> Vec<Function> {
    use Handler::{Later, Now};
    let f = Function::new;
    vec![
        f(
            "echo",
            "Returns its event, byte for byte",
            Now(functions::echo),
        ),
        f("greet", "Greets by name", Now(functions::greet)),
        f("fail", "Throws", Now(functions::fail)),
        Function {
            timeout_seconds: 900,
            ..f(
                "slow",
                "Takes as many milliseconds as it is asked to",
                Later(functions::slow),
            )
        },
        f("log", "Writes lines to its log", Now(functions::log)),
        f("count", "Counts its runs, by key", Later(functions::count)),
        Function {
            timeout_seconds: 1,
            ..f("timeout", "Exceeds its timeout", Now(functions::time_out))
        },
        f(
            "oom",
            "Needs more memory than it has",
            Now(functions::out_of_memory),
        ),
        Function {
            runtime: Some("provided.al2023"),
            ..f(
                "binary",
                "Returns what is neither JSON nor UTF-8",
                Now(functions::binary),
            )
        },
        f(
            "context",
            "Returns what it was invoked with",
            Now(functions::context),
        ),
        f(
            "big",
            "Returns as many bytes as it is asked to",
            Now(functions::big),
        ),
        Function {
            tenant_isolated: true,
            ..f(
                "tenant",
                "Runs apart for each tenant",
                Now(functions::context),
            )
        },
        Function {
            durable: true,
            versions: vec!["First"],
            aliases: vec![Alias {
                name: "live",
                version: "1",
                description: "Production",
                routed: None,
            }],
            ..f(
                "durable",
                "Runs once for each execution name",
                Now(functions::durable),
            )
        },
        Function {
            throttled: true,
            ..f(
                "throttled",
                "Has no concurrency reserved",
                Now(functions::echo),
            )
        },
        Function {
            versions: vec!["First", "Zweite Version: größer", ""],
            aliases: vec![
                Alias {
                    name: "live",
                    version: "2",
                    description: "Production, a tenth of it on 3",
                    routed: Some(("3", 10)),
                },
                Alias {
                    name: "beta",
                    version: "3",
                    description: "",
                    routed: None,
                },
            ],
            ..f(
                "versioned",
                "Has versions and aliases",
                Now(functions::context),
            )
        },
    ]
}

/// The same for the same number, and unlike its neighbours in whatever a list shows.
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
    let pick = |from: &[&'static str]| from.get(n % from.len()).copied().unwrap_or_default();
    Function {
        runtime: RUNTIMES.get(n % RUNTIMES.len()).copied().flatten(),
        architecture: if n.is_multiple_of(3) {
            "x86_64"
        } else {
            "arm64"
        },
        memory_mb: [128, 256, 512, 1_769, 10_240]
            .get(n % 5)
            .copied()
            .unwrap_or(128),
        timeout_seconds: [3, 30, 60, 900].get(n % 4).copied().unwrap_or(3),
        tenant_isolated: n % 50 == 7,
        versions: if n % 100 == 3 {
            vec!["First", "Second"]
        } else {
            Vec::new()
        },
        ..Function::new(
            &format!("{}-{}-{n:04}", pick(&AREAS), pick(&JOBS)),
            pick(&DESCRIPTIONS),
            Handler::Now(functions::echo),
        )
    }
}
