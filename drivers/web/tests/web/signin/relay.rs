use std::time::Duration;

use fanlight_driver_web::cdp::Relay;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::site::Sites;
use crate::browser::Browser;

const PATIENCE: Duration = Duration::from_secs(120);

async fn ask(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<&str>,
    method: &str,
    params: Value,
) -> Value {
    let mut command = json!({"id": 7, "method": method, "params": params});
    if let Some(session) = session {
        command["sessionId"] = session.into();
    }
    socket.send(Message::text(command.to_string())).await.unwrap();
    let answer = async {
        loop {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let said: Value = serde_json::from_str(&text).unwrap();
            if said["id"] == 7 {
                return said;
            }
        }
    };
    timeout(PATIENCE, answer).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_43_a_relay_is_for_who_knows_its_address_and_for_sessions_of_its_own() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let relay = Relay::start(browser.connection.clone()).await.unwrap();
    let url = relay.url().expose().clone();
    let (place, token) = url.rsplit_once('/').unwrap();
    assert_eq!(token.len(), 64);
    for wrong in [place.to_owned(), format!("{place}/"), format!("{place}/{}", &token[1..])] {
        assert!(connect_async(&wrong).await.is_err(), "{wrong}");
    }
    browser.open("http://simple.test/").await;
    let (mut first, _) = connect_async(&url).await.unwrap();
    let (mut second, _) = connect_async(&url).await.unwrap();
    let targets = ask(&mut first, None, "Target.getTargets", json!({})).await;
    let page = targets["result"]["targetInfos"].as_array().unwrap().iter();
    let page = page.clone().find(|target| target["type"] == "page").unwrap()["targetId"].clone();
    let attach = json!({"targetId": page, "flatten": true});
    let attached = ask(&mut first, None, "Target.attachToTarget", attach).await;
    let session = attached["result"]["sessionId"].as_str().unwrap();
    let sum = json!({"expression": "6 * 7"});
    let said = ask(&mut first, Some(session), "Runtime.evaluate", sum.clone()).await;
    assert_eq!(said["result"]["result"]["value"], 42);
    assert_eq!(said["sessionId"], session);
    let refused = ask(&mut second, Some(session), "Runtime.evaluate", sum).await;
    assert_eq!(refused["error"]["code"], -32001);
    let refused = ask(&mut first, None, "Browser.close", json!({})).await;
    assert_eq!(refused["error"]["code"], -32000);
    drop(relay);
    let ended = async { while first.next().await.is_some_and(|said| said.is_ok()) {} };
    timeout(PATIENCE, ended).await.unwrap();
    assert!(!browser.tabs().await.is_empty(), "the browser stays");
    browser.end().await;
}
