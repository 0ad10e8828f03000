//! HTTPS with a certificate that is generated for this process. Clients must be configured to trust
//! it.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::ServerConfig;

/// A server certificate and the authority that signed it. Their keys exist only in the memory of
/// this process. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    names: Vec<String>,
    root: CertificateDer<'static>,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// Generates a certificate for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// See [`for_names`](Self::for_names).
    pub fn loopback() -> Result<Self> {
        Self::for_names(&["localhost", "127.0.0.1"])
    }

    /// Generates a certificate for these host names and IP addresses only.
    ///
    /// # Errors
    /// Returns an error if a name is not valid in a certificate, or if the system cannot generate
    /// keys.
    pub fn for_names(names: &[&str]) -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "Local Lambda's authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names.clone())
            .and_then(|params| params.signed_by(&key, &authority))
            .with_context(|| format!("cannot generate a certificate for the names {names:?}: use ASCII host names or IP addresses"))?;
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            names,
            root: authority.der().clone(),
            acceptor: TlsAcceptor::from(Arc::new(server)),
        })
    }

    /// Returns the root certificate that clients must trust, in DER.
    pub fn root_certificate(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// Returns the acceptor for the server side of a connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
