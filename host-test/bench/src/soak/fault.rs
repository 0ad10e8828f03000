//! The faults that the proxy injects, and how often.

/// What happens to one attempt on its way to Lambda and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// The request is held for up to 1.5 s, and then forwarded.
    Delay,
    /// The response arrives in 20 pieces, one every 50 ms.
    Trickle,
    /// The connection is closed when the request's head has arrived.
    CloseOnHead,
    /// The connection is closed when the request has arrived.
    CloseBefore,
    /// The same, with a reset.
    ResetBefore,
    /// The request is forwarded, and the connection closed instead of a response.
    CloseAfter,
    /// The same, with a reset.
    ResetAfter,
    /// The response is cut off half-way through its body.
    Cut,
    /// A gateway's HTML page with this status comes back; the request is not forwarded.
    Gateway(u16),
    /// The request is forwarded, and a gateway's HTML page with this status replaces the response.
    GatewayAfter(u16),
    /// Lambda's own 429 comes back, and nothing runs.
    Throttled,
    /// Lambda's own 500 comes back, and nothing runs.
    Internal,
    /// There is no response until the caller gives up; the request is not forwarded.
    Silent,
    /// The request is forwarded, and there is no response until the caller gives up.
    SilentAfter,
    /// The request is forwarded only when the caller has given up.
    Late,
}

impl Fault {
    /// Each fault and its part of 1,000 attempts.
    pub const PARTS: [(Self, u32); 20] = [
        (Self::Pass, 824),
        (Self::Delay, 30),
        (Self::Trickle, 15),
        (Self::CloseOnHead, 10),
        (Self::CloseBefore, 10),
        (Self::ResetBefore, 10),
        (Self::CloseAfter, 10),
        (Self::ResetAfter, 10),
        (Self::Cut, 15),
        (Self::Gateway(429), 6),
        (Self::Gateway(500), 6),
        (Self::Gateway(502), 6),
        (Self::Gateway(503), 6),
        (Self::GatewayAfter(502), 8),
        (Self::GatewayAfter(504), 8),
        (Self::Throttled, 14),
        (Self::Internal, 6),
        (Self::Silent, 2),
        (Self::SilentAfter, 2),
        (Self::Late, 2),
    ];

    /// Whether the attempt succeeds if nothing else is wrong.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Pass | Self::Delay | Self::Trickle)
    }

    /// Whether the caller can know that the function did not run, so that it may send the request
    /// again. Only Lambda's own refusal shows that.
    pub fn proves_no_run(self) -> bool {
        self == Self::Throttled
    }

    /// Returns the name in the report.
    pub fn name(self) -> String {
        match self {
            Self::Pass => "none".to_owned(),
            Self::Delay => "request delayed".to_owned(),
            Self::Trickle => "response in slow pieces".to_owned(),
            Self::CloseOnHead => "closed after the request's head".to_owned(),
            Self::CloseBefore => "closed after the request, not forwarded".to_owned(),
            Self::ResetBefore => "reset after the request, not forwarded".to_owned(),
            Self::CloseAfter => "forwarded, closed without a response".to_owned(),
            Self::ResetAfter => "forwarded, reset without a response".to_owned(),
            Self::Cut => "response cut off half-way".to_owned(),
            Self::Gateway(status) => format!("gateway's page {status}, not forwarded"),
            Self::GatewayAfter(status) => format!("forwarded, gateway's page {status}"),
            Self::Throttled => "throttled by Lambda (429)".to_owned(),
            Self::Internal => "fault in Lambda (500)".to_owned(),
            Self::Silent => "silence, not forwarded".to_owned(),
            Self::SilentAfter => "forwarded, silence".to_owned(),
            Self::Late => "silence, forwarded late".to_owned(),
        }
    }
}

/// How a call reaches Lambda. The two that do not lead to the proxy last for all attempts of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Road {
    /// Through the proxy.
    Proxy,
    /// To a port that refuses connections.
    Refused,
    /// To a port that closes every connection at once.
    Dropped,
}

impl Road {
    /// Each road and its part of 1,000 calls.
    pub const PARTS: [(Self, u32); 3] =
        [(Self::Proxy, 984), (Self::Refused, 8), (Self::Dropped, 8)];

    /// Returns the name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proxy => "did not reach the proxy",
            Self::Refused => "connection refused",
            Self::Dropped => "connection closed before the request",
        }
    }
}
