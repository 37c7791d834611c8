use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{Fenced, Site};

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\
                     Connection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\nhello";

#[tokio::test]
async fn pages_of_allowed_hosts_are_fetched() {
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::answering(HELLO).await);
    fenced.world.add("www.app.test", site.address);
    let request = "GET http://www.app.test/a?b=c HTTP/1.1\r\nHost: www.app.test\r\n\
                   Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\n\
                   Connection: close, x-mine\r\nX-Mine: 1\r\nCookie: a=b\r\n\r\n";
    let said = fenced.ask(request).await.to_lowercase();
    assert!(said.starts_with("http/1.1 200 ok") && said.ends_with("\r\n\r\nhello"), "{said}");
    assert!(said.contains("x-end: 2") && !said.contains("x-hop"), "{said}");
    let heard = site.heard.lock()[0].to_lowercase();
    assert!(heard.starts_with("get /a?b=c http/1.1\r\n"), "{heard}");
    assert!(heard.contains("cookie: a=b\r\n"), "{heard}");
    for of_the_hop in ["proxy", "x-mine"] {
        assert!(!heard.contains(of_the_hop), "{heard}");
    }
    assert_eq!(fenced.world.reached(), ["www.app.test:80"]);
    assert_eq!(*fenced.world.visits.lock(), [("www.app.test".to_owned(), true)]);
}

#[tokio::test]
async fn the_host_that_was_judged_is_the_host_that_is_told() {
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::answering(HELLO).await);
    fenced.world.add("app.test", site.address);
    let request = "GET http://APP.test.:8080/ HTTP/1.1\r\nHost: other.test\r\n\
                   Connection: close\r\n\r\n";
    assert!(fenced.ask(request).await.ends_with("hello"));
    let heard = site.heard.lock()[0].to_lowercase();
    assert!(heard.contains("host: app.test:8080\r\n") && !heard.contains("other"), "{heard}");
    assert_eq!(fenced.world.reached(), ["app.test:8080"]);
}

#[tokio::test]
async fn tunnels_carry_bytes_both_ways_to_their_end() {
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::echoing().await);
    fenced.world.add("app.test", site.address);
    let mut stream = fenced.tunnel("app.test:443").await;
    let sent: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let (mut reader, mut writer) = stream.split();
    let sending = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, read) = tokio::join!(sending, reader.read_to_end(&mut back));
    read.unwrap();
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    assert_eq!(fenced.world.reached(), ["app.test:443"]);
}

#[tokio::test]
async fn without_domains_whatever_the_policy_allows_is_fetched() {
    let (fenced, site) = (Fenced::to(&[]).await, Site::answering(HELLO).await);
    fenced.world.add("any.test", site.address);
    let request = "GET http://any.test/ HTTP/1.1\r\nHost: any.test\r\nConnection: close\r\n\r\n";
    assert!(fenced.ask(request).await.ends_with("hello"));
}
