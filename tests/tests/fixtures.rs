//! The parts that the other tests stand on.

#![allow(clippy::unwrap_used)]

use fanlight_tests::{Browser, Guacd, Sshd, output_of};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn openssh_logs_in_and_changes_its_identity() {
    let mut sshd = Sshd::start().await.unwrap();
    assert_eq!(output_of(sshd.ssh().unwrap().arg("echo $((6*7))")).unwrap(), "42\n");
    let before = sshd.fingerprint().unwrap();
    sshd.restart_with_new_host_keys().await.unwrap();
    assert_ne!(sshd.fingerprint().unwrap(), before);
    assert_eq!(
        output_of(sshd.ssh().unwrap().arg("pwd")).unwrap().trim(),
        sshd.home().to_str().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn guacd_answers_and_ends_with_its_children() {
    let guacd = Guacd::start().await.unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", guacd.port())).await.unwrap();
    stream.write_all(b"6.select,3.ssh;").await.unwrap();
    let mut reply = [0; 256];
    let length = stream.read(&mut reply).await.unwrap();
    assert!(reply[..length].starts_with(b"4.args,13.VERSION_1_3_0,8.hostname,"));
    drop(guacd);
    let rest = tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while stream.read(&mut reply).await.is_ok_and(|length| length > 0) {}
    });
    assert!(rest.await.is_ok(), "a child of guacd outlived it");
}
#[tokio::test(flavor = "multi_thread")]
async fn chromium_draws_and_types() {
    let browser = Browser::start().await.unwrap();
    let page = "<input id=i autofocus><div id=d style='position:relative'>\
                <canvas width=4 height=2></canvas></div><script>\
                const c = document.querySelector('canvas').getContext('2d');\
                c.fillStyle = '#f00'; c.fillRect(1, 0, 2, 2)</script>";
    browser
        .call("goto", json!({ "url": format!("data:text/html,{}", page.replace('#', "%23")) }))
        .await
        .unwrap();
    browser.evaluate("document.querySelector('#i').focus()").await.unwrap();
    browser.type_text("ab").await.unwrap();
    assert_eq!(browser.evaluate("document.querySelector('#i').value").await.unwrap(), "ab");
    let picture = browser.canvas("#d").await.unwrap();
    assert_eq!((picture.width, picture.height), (4, 2));
    assert_eq!(picture.at(0, 1), [0; 4]);
    assert_eq!(picture.part(1, 1, 2, 1), [255, 0, 0, 255].repeat(2));
    browser.close().await.unwrap();
}
