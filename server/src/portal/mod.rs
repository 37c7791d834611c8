//! The VM portal: sessions to machines that are named by an id. The checks come in the order,
//! and fail with the words, that its clients know from the portal which it stands in for.

mod connections;
mod request;

use std::net::IpAddr;

use axum::http::StatusCode;
use fanlight_core::{Endpoint, Hostname};
use serde_json::{Map, Value};
use time::OffsetDateTime;

pub use connections::Listed;
use request::{PortalRequest, Protocol};

use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::api::ApiError;
use crate::machines::{Found, RUNNING, preferred, usable};
use crate::sessions::{Created, Grant, ProbeError, Terms};
use crate::store::{MachineConnection, StoreError, now};

const NOT_CONFIGURED: &str = "Guacamole service is not configured. Please contact administrator \
    to configure the service.";
const NOT_YOURS: &str = "You don't have permission to access this VM";
/// What is said of a machine whose inventory cannot tell.
const UNKNOWN_STATE: &str = "unknown";
/// Two requests of one millisecond get names that differ by one.
const NAME_ATTEMPTS: i64 = 10;

/// The portal, for one caller.
pub struct Portal<'a> {
    app: &'a App,
    who: &'a Identity,
    client: ClientAddress,
}

/// A connection that was just made.
pub struct Established {
    /// What is kept of it.
    pub connection: MachineConnection,
    /// The session that it is.
    pub created: Created,
    /// The driver's name for people.
    pub label: &'static str,
    /// All addresses that the machine can be reached by.
    pub available: Vec<IpAddr>,
}

fn refusal(status: StatusCode, code: &'static str, message: impl std::fmt::Display) -> ApiError {
    ApiError::new(status, code, message)
}

fn bad(message: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(message)
}

impl<'a> Portal<'a> {
    /// For this caller.
    ///
    /// # Errors
    /// 503 where no inventory is configured, then 401 for nobody.
    pub fn of(
        app: &'a App,
        who: Option<&'a Identity>,
        client: ClientAddress,
    ) -> Result<Self, ApiError> {
        if !app.inventories.are_configured() {
            return Err(ApiError::unavailable(NOT_CONFIGURED));
        }
        let status = StatusCode::UNAUTHORIZED;
        let nobody = || refusal(status, "unauthenticated", "Authentication failed");
        Ok(Self { app, who: who.ok_or_else(nobody)?, client })
    }

    /// Makes a session of the driver `protocol` to the machine that the request names.
    ///
    /// # Errors
    /// In this order: the request (400), the machine (404, 403, 400), its address (400), its
    /// port (503), and whatever keeps the session from being made.
    pub async fn connect(
        &self,
        protocol: &str,
        fields: Map<String, Value>,
    ) -> Result<Established, ApiError> {
        let protocol = Protocol::find(self.app, protocol)?;
        let request = PortalRequest::read(&protocol, fields)?;
        let found = self.machine(&request.vm_id).await?;
        let (address, available) = self.address(&found, request.ip_address.as_deref()).await?;
        let port = request.port;
        let fields = request.into_session(&protocol, address, &found.machine.name);
        let username = fields.get("username").and_then(Value::as_str).map(str::to_owned);
        let checked = self.app.sessions.check(fields).await?.by(Grant::Machine);
        self.probe(&protocol, address, port).await?;
        let config = &self.app.config.machines;
        let created_at = now();
        let expires_at = created_at + config.connection_lifetime;
        let terms = Terms {
            pending: config.link_lifetime,
            opening_link: config.link_lifetime,
            ends_at: Some(expires_at),
        };
        let created = self.app.sessions.create_checked(self.who, checked, terms).await?;
        let connection = MachineConnection {
            id: name(protocol.id(), &found.machine.id, created_at),
            session_id: created.live.id,
            machine_name: found.machine.name.clone(),
            protocol: protocol.id().to_owned(),
            hostname: address.to_string(),
            port,
            username,
            creator_id: self.who.subject.clone(),
            created_at,
            expires_at,
        };
        let connection = self.keep(connection, &found.machine.id, &created).await?;
        Ok(Established { connection, created, label: protocol.label(), available })
    }

    /// The machine, if the caller may open it and it runs.
    async fn machine(&self, id: &str) -> Result<Found, ApiError> {
        let found = self.app.inventories.find(id).await.map_err(|error| {
            tracing::warn!(%error, "an inventory of machines does not answer");
            ApiError::unavailable("The inventory of VMs does not answer. Please try again later.")
        })?;
        let found = found.ok_or_else(|| ApiError::not_found("VM not found"))?;
        if !self.app.inventories.may_open(self.who, &found.machine).await? {
            return Err(ApiError::forbidden(NOT_YOURS));
        }
        let state = found.inventory.state(&found.machine).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the state of a machine cannot be read");
            UNKNOWN_STATE.to_owned()
        });
        if state == RUNNING {
            return Ok(found);
        }
        Err(bad(format!("VM is not running (current status: {state})")))
    }

    /// The address to take, and all that there are.
    async fn address(
        &self,
        found: &Found,
        asked: Option<&str>,
    ) -> Result<(IpAddr, Vec<IpAddr>), ApiError> {
        const NONE: &str = "Unable to get or validate VM IP address";
        let all = found.inventory.addresses(&found.machine).await.map_err(|error| {
            tracing::warn!(%error, "the addresses of a machine cannot be read");
            bad(NONE)
        })?;
        let available = usable(&all);
        let usual = preferred(&available).ok_or_else(|| {
            tracing::warn!(machine = found.machine.id, "no address of it leads anywhere");
            bad(NONE)
        })?;
        let Some(asked) = asked else { return Ok((usual, available)) };
        let wanted = asked.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        match wanted.filter(|address| available.contains(address)) {
            Some(address) => Ok((address, available)),
            None => Err(bad(format!(
                "Requested IP {asked} is not available for this VM. Available IPs: {}",
                available.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Whether something listens there, as far as the network rules let anybody ask.
    async fn probe(
        &self,
        protocol: &Protocol<'_>,
        address: IpAddr,
        port: u16,
    ) -> Result<(), ApiError> {
        let host: Hostname = address.to_string().parse().map_err(ApiError::internal)?;
        let endpoint = Endpoint::Tcp(host, port);
        let limit = self.app.config.machines.probe_timeout;
        let probed = self.app.sessions.probe(protocol.id(), &endpoint, limit).await;
        let label = protocol.label();
        let place = std::net::SocketAddr::new(address, port);
        let what = match probed {
            Ok(()) => return Ok(()),
            Err(ProbeError::TimedOut) => format!("connection timeout ({place})"),
            Err(ProbeError::Failed(why)) => format!("not available at {place} - {why}"),
        };
        Err(ApiError::unavailable(format!(
            "Cannot establish {label} connection: {label} service {what}. Please ensure {label} \
             service is running on the target VM."
        )))
    }

    /// Keeps the connection under a name that no other has; a session without one would be
    /// known to nobody.
    async fn keep(
        &self,
        mut connection: MachineConnection,
        machine: &str,
        created: &Created,
    ) -> Result<MachineConnection, ApiError> {
        let store = &self.app.store;
        let mut kept = store.add_machine_connection(&connection).await;
        for later in 1..NAME_ATTEMPTS {
            if !matches!(kept, Err(StoreError::Conflict)) {
                break;
            }
            let time = connection.created_at + time::Duration::milliseconds(later);
            connection.id = name(&connection.protocol, machine, time);
            kept = store.add_machine_connection(&connection).await;
        }
        if let Err(error) = kept {
            self.app.sessions.end(self.who, created.live.id).await?;
            return Err(error.into());
        }
        Ok(connection)
    }
}

fn name(protocol: &str, machine: &str, time: OffsetDateTime) -> String {
    format!("{protocol}-{machine}-{}", time.unix_timestamp_nanos() / 1_000_000)
}
