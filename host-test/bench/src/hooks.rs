//! A stopwatch on the border between a component and its host.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lambda_connector_host::sandbox::State;
use wasmtime::{CallHook, Store};

/// Where a call is when it is not in the engine, which moves values in and out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the component's code.
    Guest,
    /// In one of its imports.
    Import,
}

/// How long it was there, waits included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    pub engine: Duration,
    pub guest: Duration,
    pub imports: Duration,
}

struct Running {
    times: Times,
    /// A component that is called by an import's result (to allocate) is in both.
    places: Vec<Place>,
    since: Instant,
}

impl Running {
    /// Charges the time since the last switch to where the call was.
    fn charge(&mut self) {
        let now = Instant::now();
        let account = match self.places.last() {
            None => &mut self.times.engine,
            Some(Place::Guest) => &mut self.times.guest,
            Some(Place::Import) => &mut self.times.imports,
        };
        *account += now.duration_since(self.since);
        self.since = now;
    }

    fn switch(&mut self, hook: CallHook) {
        self.charge();
        match hook {
            CallHook::CallingWasm => self.places.push(Place::Guest),
            CallHook::CallingHost => self.places.push(Place::Import),
            CallHook::ReturningFromWasm | CallHook::ReturningFromHost => {
                self.places.pop();
            }
        }
    }
}

/// Runs from its start to [`stop`](Self::stop).
pub struct Stopwatch(Arc<Mutex<Running>>);

impl Stopwatch {
    /// Watches every crossing of the store's border from now on.
    pub fn start(store: &mut Store<State>) -> Self {
        let running = Arc::new(Mutex::new(Running {
            times: Times::default(),
            places: Vec::new(),
            since: Instant::now(),
        }));
        let watched = running.clone();
        store.call_hook(move |_, hook| {
            let mut running = watched.lock().unwrap_or_else(PoisonError::into_inner);
            running.switch(hook);
            Ok(())
        });
        Self(running)
    }

    /// What was measured.
    pub fn stop(self) -> Times {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.charge();
        running.times
    }
}
