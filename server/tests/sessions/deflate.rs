//! Messages to viewers shrink where their client offers permessage-deflate (RFC 7692), and
//! what comes from viewers is bounded after it was inflated.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use yawc::{Frame, HttpRequestBuilder, OpCode, Options, TcpWebSocket, WebSocket};

use crate::harness::{Fixture, Made};

const LIMIT: Duration = Duration::from_secs(20);
const PICTURES: usize = 100;

async fn deflating(fixture: &Fixture, made: &Made) -> TcpWebSocket {
    let url = format!("ws://{}{}", fixture.address, made.ws_url()).parse().unwrap();
    let request = HttpRequestBuilder::new()
        .header("authorization", format!("Bearer {}", fixture.key))
        .header("sec-websocket-protocol", "guacamole");
    let options = Options::default().with_balanced_compression();
    WebSocket::connect(url).with_options(options).with_request(request).await.unwrap()
}

/// Reads until a text holds `wanted`; returns all of it.
async fn read_until(socket: &mut TcpWebSocket, wanted: impl Fn(&str) -> bool) -> String {
    let mut all = String::new();
    let reading = async {
        while !wanted(&all) {
            let frame = socket.next().await.expect("the socket stays open");
            if frame.opcode() == OpCode::Text {
                all.push_str(std::str::from_utf8(frame.payload()).unwrap());
            }
        }
    };
    timeout(LIMIT, reading).await.expect("it comes");
    all
}

#[tokio::test]
async fn a_client_that_offers_deflate_gets_the_same_stream() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut socket = deflating(&fixture, &made).await;
    read_until(&mut socket, |all| all.contains("5.ready")).await;
    let said = crate::script::paint().repeat(PICTURES);
    fixture.script.last().say(said.clone());
    let all = read_until(&mut socket, |all| all.matches("3.img,").count() == PICTURES).await;
    assert!(all.contains(std::str::from_utf8(&said).unwrap()));
    socket.send(Frame::text("0.,4.ping,13.1700000000000;".repeat(40))).await.unwrap();
    read_until(&mut socket, |all| all.matches("4.ping").count() == 40).await;
}

#[tokio::test]
async fn what_is_sent_to_it_is_smaller() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: guacamole\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
        made.ws_url(),
        fixture.address,
        fixture.key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.contains("5.ready") {
        let mut part = [0; 512];
        let read = timeout(LIMIT, stream.read(&mut part)).await.unwrap().unwrap();
        assert!(read > 0, "{head}");
        head += &String::from_utf8_lossy(&part[..read]).to_lowercase();
    }
    assert!(head.contains("101 switching") && head.contains("permessage-deflate"), "{head}");
    assert!(head.contains("server_no_context_takeover"), "{head}");
    let said = crate::script::paint().repeat(PICTURES);
    fixture.script.last().say(said.clone());
    let (mut bytes, mut buffer) = (0, vec![0; 64 * 1024]);
    while let Ok(Ok(read)) = timeout(Duration::from_secs(2), stream.read(&mut buffer)).await {
        assert!(read > 0, "the socket stays open");
        bytes += read;
    }
    assert!(bytes > 100 && bytes < said.len() / 4, "{bytes} bytes for {}", said.len());
}

#[tokio::test]
async fn bar_45_a_message_that_inflates_beyond_the_limit_closes_that_socket_only() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut owner = fixture.own(&made).await;
    owner.until("ready").await;
    let mut bomb = deflating(&fixture, &made).await;
    bomb.send(Frame::text("0".repeat(16 << 20))).await.unwrap();
    let end = async { while bomb.next().await.is_some() {} };
    timeout(LIMIT, end).await.expect("the socket is closed");
    owner.send("0.,4.ping,1.7;").await;
    assert_eq!(owner.until("").await, ["", "ping", "7"]);
}

#[tokio::test]
async fn bar_47_a_flood_of_pings_ends_the_socket_that_sends_it() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut socket = deflating(&fixture, &made).await;
    read_until(&mut socket, |all| all.contains("5.ready")).await;
    let flood = async {
        while socket.send(Frame::ping("x")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, flood).await.expect("the socket is closed");
}
