//! An outbound policy for wasmtime 48 that allows only Lambda in one region, by HTTPS. Pass it to
//! `WasiHttpCtxView::hooks`.

use http::uri::Scheme;
use http::{Request, Response, Uri};
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks, default_hooks};

pub struct LambdaOnly {
    hosts: [String; 4],
}

impl LambdaOnly {
    /// Creates the policy for a region outside China, the European Sovereign Cloud and the isolated
    /// partitions. To assume roles or test connections, add the same hosts with `sts` instead of `lambda`.
    pub fn in_region(region: &str) -> Self {
        Self {
            hosts: [
                format!("lambda.{region}.amazonaws.com"),
                format!("lambda-fips.{region}.amazonaws.com"),
                format!("lambda.{region}.api.aws"),
                format!("lambda-fips.{region}.api.aws"),
            ],
        }
    }

    pub fn allows(&self, uri: &Uri) -> bool {
        let named = |host: &str| self.hosts.iter().any(|allowed| allowed == host);
        uri.scheme() == Some(&Scheme::HTTPS)
            && uri.port_u16().is_none_or(|port| port == 443)
            && uri.host().is_some_and(named)
    }
}

type Boxed<T> = Box<dyn Future<Output = Result<T>> + Send>;

impl WasiHttpHooks for LambdaOnly {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        sent: Boxed<()>,
    ) -> Boxed<(Response<WasiBody>, Boxed<()>)> {
        if self.allows(request.uri()) {
            default_hooks().send_request(request, options, sent)
        } else {
            Box::new(async { Err(Error::HttpRequestDenied) })
        }
    }
}
