use fanlight_core::{Endpoint, Hostname};
use hyper::http::Method;
use hyper::http::request::Parts;
use url::{Host, Url};

use super::blocked::Refusal;
use super::rules::read_host;

/// Where a request to the proxy wants to go: the host as it was understood, which is what
/// is judged and what is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Authority {
    /// Reads `CONNECT host:port` or an absolute `http:` URL (RFC 9112 section 3.2).
    pub(super) fn of(request: &Parts) -> Result<Self, Refusal> {
        if request.method == Method::CONNECT {
            return Self::of_connect(request);
        }
        match request.uri.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(Refusal::Scheme),
            None => return Err(Refusal::NotAProxyRequest),
        }
        let url = Url::parse(&request.uri.to_string()).map_err(|_| Refusal::NotAProxyRequest)?;
        let nobody = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().and_then(read_host).filter(|_| nobody);
        let port = url.port_or_known_default();
        match (host, port) {
            (Some(host), Some(port)) if port != 0 => Ok(Self { host, port }),
            _ => Err(Refusal::NotAProxyRequest),
        }
    }

    fn of_connect(request: &Parts) -> Result<Self, Refusal> {
        let authority = request.uri.authority().ok_or(Refusal::NotAProxyRequest)?;
        let nobody = !authority.as_str().contains('@');
        let host = read_host(authority.host()).filter(|_| nobody);
        match (host, authority.port_u16()) {
            (Some(host), Some(port)) if port != 0 => Ok(Self { host, port }),
            _ => Err(Refusal::NotAProxyRequest),
        }
    }

    /// Its name for people and the audit log.
    pub(super) fn name(&self) -> String {
        match &self.host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        }
    }

    /// What the gateway is asked for a way to.
    pub(super) fn endpoint(&self) -> Result<Endpoint, Refusal> {
        let name: Hostname = self.name().parse().map_err(|_| Refusal::NotAProxyRequest)?;
        Ok(Endpoint::Tcp(name, self.port))
    }

    /// As it stands in a `Host` header, where the port is left out if it is HTTP's.
    pub(super) fn host_header(&self) -> String {
        match self.port {
            80 => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        }
    }
}
