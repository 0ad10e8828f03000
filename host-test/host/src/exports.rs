//! The exported functions of the connector, in either version of its package: 0.2.0 for WASI 0.2,
//! 0.3.0 for WASI 0.3.
//!
//! Both versions have the same parameters and results, so one set of types ([`crate::bindings`])
//! serves both. [`Host`](crate::host::Host) uses this module; call it directly to run several calls
//! in one instance.

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower,
};
use wasmtime::{AsContextMut, Result, error};

/// Indices of the connector's exported functions.
#[derive(Clone)]
pub struct Exports {
    /// `lambda.invoke`
    pub invoke: ComponentExportIndex,
    /// `lambda.list-functions`
    pub list_functions: ComponentExportIndex,
    /// `lambda.list-qualifiers`
    pub list_qualifiers: ComponentExportIndex,
    /// `lambda.test-connection`
    pub test_connection: ComponentExportIndex,
    /// `sessions.open`
    pub open: ComponentExportIndex,
    /// `executions.get`
    pub get: ComponentExportIndex,
    /// `executions.wait`
    pub wait: ComponentExportIndex,
    /// `executions.list-executions`
    pub list_executions: ComponentExportIndex,
    /// `executions.history`
    pub history: ComponentExportIndex,
    /// `executions.stop`
    pub stop: ComponentExportIndex,
    /// `executions.complete-callback`
    pub complete_callback: ComponentExportIndex,
    /// `cards.describe`
    pub describe: ComponentExportIndex,
    /// `cards.choices`
    pub choices: ComponentExportIndex,
    /// `cards.test`
    pub test: ComponentExportIndex,
    /// `cards.run`
    pub run: ComponentExportIndex,
    /// `streaming.invoke-with-response-stream`, which only the component for WASI 0.3 exports.
    pub invoke_with_response_stream: Option<ComponentExportIndex>,
    /// Whether one instance can serve concurrent calls: true for the component for WASI 0.3.
    pub concurrent: bool,
}

impl Exports {
    /// Looks up the connector's functions in a component.
    ///
    /// # Errors
    /// The component is not the connector. The message names the missing function.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use aws_lambda_connector_host::exports::Exports;
    /// use aws_lambda_connector_host::sandbox::{Options, Sandbox};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let options = Options { keep_compiled: true, ..Options::default() };
    /// let sandbox = Sandbox::load(Path::new(built_component::P2), options)?;
    /// let exports = Exports::find(sandbox.instance_pre().component())?;
    /// assert!(!exports.concurrent);
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(component: &Component) -> Result<Self> {
        let interface = |name: &str, version: &str| {
            component.get_export_index(None, format!("connectors:aws-lambda/{name}@{version}"))
        };
        let concurrent = interface("lambda", "0.3.0").is_some();
        let version = if concurrent { "0.3.0" } else { "0.2.0" };
        let function = |name: &str, function: &str| {
            interface(name, version)
                .and_then(|index| component.get_export_index(Some(&index), function))
                .ok_or_else(|| {
                    error::Error::msg(format!(
                        "it does not export `{function}` of connectors:aws-lambda/{name}@{version}"
                    ))
                })
        };
        Ok(Self {
            invoke: function("lambda", "invoke")?,
            list_functions: function("lambda", "list-functions")?,
            list_qualifiers: function("lambda", "list-qualifiers")?,
            test_connection: function("lambda", "test-connection")?,
            open: function("sessions", "open")?,
            get: function("executions", "get")?,
            wait: function("executions", "wait")?,
            list_executions: function("executions", "list-executions")?,
            history: function("executions", "history")?,
            stop: function("executions", "stop")?,
            complete_callback: function("executions", "complete-callback")?,
            describe: function("cards", "describe")?,
            choices: function("cards", "choices")?,
            test: function("cards", "test")?,
            run: function("cards", "run")?,
            invoke_with_response_stream: concurrent
                .then(|| function("streaming", "invoke-with-response-stream"))
                .transpose()?,
            concurrent,
        })
    }
}

/// Calls an exported function in an instance, and waits for its result. See
/// [`Sandbox::call`](crate::sandbox::Sandbox::call) for an example.
///
/// # Errors
/// The component traps, or the function has a different type.
pub async fn call<P, R>(
    instance: &Instance,
    mut store: impl AsContextMut<Data: Send>,
    function: &ComponentExportIndex,
    arguments: P,
) -> Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    R: Lift + Send + Sync + 'static,
    (R,): ComponentNamedList + Lift,
{
    let function = instance.get_typed_func::<P, (R,)>(&mut store, function)?;
    let (result,) = function.call_async(store, arguments).await?;
    Ok(result)
}
