//! Where the connector's functions are in a component, in either version of its package: 0.1 for
//! WASI 0.2, 0.2 for WASI 0.3. The two differ in nothing that a host sees of a call, so that one set
//! of types (see [`crate::bindings`]) serves both.

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower,
};
use wasmtime::{AsContextMut, Result, error};

/// Where the functions are.
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
    /// `cards.describe`
    pub describe: ComponentExportIndex,
    /// `cards.fields`
    pub fields: ComponentExportIndex,
    /// `cards.choices`
    pub choices: ComponentExportIndex,
    /// `cards.run`
    pub run: ComponentExportIndex,
    /// Whether one instance can serve many calls at once.
    pub concurrent: bool,
}

impl Exports {
    /// Finds them.
    ///
    /// # Errors
    /// The component is not the connector; says what it lacks.
    pub fn of(component: &Component) -> Result<Self> {
        let interface = |name: &str, version: &str| {
            component.get_export_index(None, format!("connectors:aws-lambda/{name}@{version}"))
        };
        let concurrent = interface("lambda", "0.2.0").is_some();
        let version = if concurrent { "0.2.0" } else { "0.1.0" };
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
            describe: function("cards", "describe")?,
            fields: function("cards", "fields")?,
            choices: function("cards", "choices")?,
            run: function("cards", "run")?,
            concurrent,
        })
    }
}

/// Calls one of them.
///
/// # Errors
/// A trap, or a function of another type.
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
    let (answer,) = function.call_async(store, arguments).await?;
    Ok(answer)
}
