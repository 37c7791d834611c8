use std::time::Duration;

use fanlight_driver_web::fence::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{Fenced, Site};

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the other side has closed.
async fn closed(stream: &mut TcpStream) {
    let mut byte = [0];
    let end = timeout(PATIENCE, stream.read(&mut byte)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn heads_are_bounded_in_size_number_and_time() {
    let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
    let fenced = Fenced::with(&["app.test"], limits).await;
    let long = "x".repeat(4 * limits.head_size);
    let said = fenced.ask(&format!("GET http://app.test/ HTTP/1.1\r\nX: {long}\r\n\r\n")).await;
    assert!(!said.starts_with("HTTP/1.1 2") && fenced.world.reached().is_empty(), "{said}");
    let many = "X: y\r\n".repeat(limits.headers + 1);
    let said = fenced.ask(&format!("GET http://app.test/ HTTP/1.1\r\n{many}\r\n")).await;
    assert!(!said.starts_with("HTTP/1.1 2") && fenced.world.reached().is_empty(), "{said}");
    let mut slow = fenced.connect().await;
    slow.write_all(b"GET http://app.test/ HTTP/1.1\r\n").await.unwrap();
    timeout(PATIENCE, slow.read_to_end(&mut Vec::new())).await.unwrap().unwrap();
}

#[tokio::test]
async fn connections_are_bounded_and_a_tunnel_counts() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let (fenced, site) = (Fenced::with(&["app.test"], limits).await, Site::echoing().await);
    fenced.world.add("app.test", site.address);
    let _first = fenced.tunnel("app.test:443").await;
    let second = fenced.tunnel("app.test:443").await;
    closed(&mut fenced.connect().await).await;
    drop(second);
    let freed = async {
        loop {
            let mut stream = fenced.connect().await;
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            if matches!(stream.read(&mut [0]).await, Ok(1)) {
                break;
            }
        }
    };
    timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_is_closed() {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    let (fenced, site) = (Fenced::with(&["app.test"], limits).await, Site::echoing().await);
    fenced.world.add("app.test", site.address);
    closed(&mut fenced.tunnel("app.test:443").await).await;
}

#[tokio::test]
async fn everything_ends_with_the_proxy() {
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::echoing().await);
    fenced.world.add("app.test", site.address);
    let mut stream = fenced.tunnel("app.test:443").await;
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
    fenced.serving.abort();
    closed(&mut stream).await;
}
