//! What any AWS client needs, independent of Lambda: endpoints, signatures, dates, encodings.

pub mod clock_skew;
pub mod credentials;
pub mod endpoint;
pub mod event_stream;
pub mod hex;
pub mod json;
pub mod message;
pub mod number;
pub mod retry;
pub mod sigv4;
pub mod time;
pub mod uri;
pub mod xml;
