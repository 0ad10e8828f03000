//! What any client of AWS needs: endpoints, signatures, dates, encodings. Nothing about Lambda.

pub mod credentials;
pub mod endpoint;
pub mod message;
pub mod sigv4;
pub mod time;
pub mod uri;
