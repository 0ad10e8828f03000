//! The state of one service.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::catalogue::Catalogue;
use super::clock::Clock;
use super::config::{Config, Role};
use super::counters::Counters;
use super::durable::Executions;
use super::gates::Gates;
use super::name::Names;
use super::place::Place;
use super::record::Record;
use super::signature::Verifier;

pub(super) struct Service {
    pub place: Place,
    pub base_path: String,
    pub names: Names,
    pub catalogue: Catalogue,
    pub executions: Arc<Executions>,
    pub record: Record,
    /// Run counts by the `key` of an event, for the functions that count their runs.
    pub run_counts: Arc<Counters>,
    pub gates: Arc<Gates>,
    /// Invocations of each alias, by function name and alias name.
    pub alias_calls: Counters,
    /// Runs by function name. The first run is a cold start.
    pub started: Counters,
    /// Connections and invocations. An invocation outlives the connection that requested it.
    pub tasks: TaskTracker,
    /// Requests and runs, without idle connections. The tracker is closed from the start so that a
    /// caller can wait for it at any time.
    pub busy: TaskTracker,
    pub stopping: CancellationToken,
    pub roles: Vec<Role>,
    pub verifier: Verifier,
    clock: Clock,
}

impl Service {
    pub fn new(config: Config, tasks: TaskTracker, stopping: CancellationToken) -> Result<Self> {
        let busy = TaskTracker::new();
        busy.close();
        let clock = Clock {
            offset_seconds: config.clock_offset_seconds,
        };
        Ok(Self {
            names: Names::new()?,
            catalogue: Catalogue::new(config.extra_functions),
            executions: Arc::new(Executions::new(clock, config.invisible_reads)),
            record: Record::default(),
            run_counts: Arc::default(),
            gates: Arc::default(),
            alias_calls: Counters::default(),
            started: Counters::default(),
            tasks,
            busy,
            stopping,
            roles: config.roles,
            verifier: Verifier::new(config.region.clone(), config.keys),
            clock,
            place: Place {
                region: config.region,
                account: config.account,
            },
            base_path: config.base_path,
        })
    }

    /// Returns the current time by the service's clock.
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }
}
