//! The attribute that runs a test with each component. The crate `testing` re-exports it.

use proc_macro::{TokenStream, TokenTree};

/// Runs an async test once with each component, as `name::wasi_0_2` and as `name::wasi_0_3`.
///
/// The attribute goes above the test's own attributes. The test takes the component as its
/// argument:
///
/// ```ignore
/// #[for_each_component]
/// #[tokio::test]
/// async fn empty_list_has_no_cursor(component: Component) {}
/// ```
#[proc_macro_attribute]
pub fn for_each_component(_: TokenStream, test: TokenStream) -> TokenStream {
    let mut tokens = test.into_iter().peekable();
    let mut attributes = TokenStream::new();
    // Each attribute is a `#` and a group in brackets.
    while matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '#') {
        attributes.extend(tokens.by_ref().take(2));
    }
    // The tokens keep their spans, so compiler errors and panics point at the lines of the test.
    let function: Vec<TokenTree> = tokens.collect();
    let name = function
        .iter()
        .skip_while(|token| token.to_string() != "fn")
        .nth(1)
        .expect("the attribute is for functions");
    let tests: TokenStream = format!(
        "mod {name} {{
            use ::testing::Component;
            {attributes} async fn wasi_0_2() {{ super::{name}(Component::Wasi02).await }}
            {attributes} async fn wasi_0_3() {{ super::{name}(Component::Wasi03).await }}
        }}"
    )
    .parse()
    .expect("a module");
    function.into_iter().chain(tests).collect()
}
