//! What any client of AWS needs: endpoints, signatures, dates, encodings. Nothing about Lambda.

pub mod clock_skew;
pub mod credentials;
pub mod endpoint;
pub mod message;
pub mod retry;
pub mod sigv4;
pub mod sts;
pub mod time;
pub mod uri;
pub mod xml;
