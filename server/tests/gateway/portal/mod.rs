//! The VM portal, as its clients meet it: requests, and the answers word for word.

mod connections;
mod lifetime;
mod messages;
mod permission;
mod proxmox;
mod stand_in;

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::Fixture;

/// An address of this machine that is not its loopback's, which no machine is reached by.
pub fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: this asks the kernel which interface would be taken.
    socket.connect("198.51.100.1:9").expect("these tests need a network interface beside loopback");
    socket.local_addr().unwrap().ip()
}

/// Something that takes connections, as a machine's service does.
pub fn service() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((own_address(), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Fixture {
    pub async fn portal(&self, credential: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let path = format!("/api/v1/guacamole/{path}");
        self.call(credential, Method::POST, &path, Some(body)).await
    }

    /// Enters a machine; what is left out is as for one that can be connected to.
    pub async fn enter(&self, machine: Value) -> Value {
        let mut whole = json!({ "name": "Web server", "addresses": ["10.0.0.5"] });
        for (name, value) in machine.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let path = "/api/admin/vms";
        let (status, made) = self.call(&self.key, Method::POST, path, Some(whole)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made
    }
}

/// The envelope of a refusal.
pub fn refused(code: u16, message: &str) -> (StatusCode, Value) {
    let body = json!({ "code": code, "message": message, "data": null });
    (StatusCode::from_u16(code).unwrap(), body)
}
