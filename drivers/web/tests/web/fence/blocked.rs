use crate::world::{Fenced, Site};

fn get(url: &str) -> String {
    format!("GET {url} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
}

fn connect(authority: &str) -> String {
    format!("CONNECT {authority} HTTP/1.1\r\nHost: app.test\r\n\r\n")
}

#[tokio::test]
async fn bar_42_what_the_domains_do_not_cover_is_not_even_looked_up() {
    let fenced = Fenced::to(&["app.test"]).await;
    for host in [
        "evil.test",
        "app.test.evil.test",
        "badapp.test",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254",
    ] {
        let said = fenced.ask(&get(&format!("http://{host}/"))).await;
        assert!(said.starts_with("HTTP/1.1 403"), "{host}: {said}");
        let said = fenced.ask(&connect(&format!("{host}:443"))).await;
        assert!(said.starts_with("HTTP/1.1 403"), "{host}: {said}");
    }
    assert!(fenced.world.reached().is_empty());
    let visits = fenced.world.visits.lock();
    assert!(visits.iter().all(|(_, allowed)| !allowed));
    assert!(visits.contains(&("evil.test".into(), false)));
}

#[tokio::test]
async fn bar_42_a_blocked_page_explains_itself_and_names_the_domain() {
    let fenced = Fenced::to(&["app.test"]).await;
    let said = fenced.ask(&get("http://evil.test/secret?q=1")).await;
    assert!(said.contains("evil.test is blocked") && said.contains("allowed domains"), "{said}");
    assert!(said.to_lowercase().contains("content-security-policy: default-src 'none'"), "{said}");
}

#[tokio::test]
async fn bar_42_the_network_policy_is_asked_besides() {
    let fenced = Fenced::to(&[]).await;
    let said = fenced.ask(&get("http://metadata.test/")).await;
    assert!(said.starts_with("HTTP/1.1 403") && said.contains("network rules"), "{said}");
    assert!(fenced.ask(&connect("metadata.test:443")).await.starts_with("HTTP/1.1 403"));
    assert_eq!(fenced.world.visits.lock().last(), Some(&("metadata.test".into(), false)));
}

#[tokio::test]
async fn bar_42_what_is_no_request_to_a_proxy_is_refused() {
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::echoing().await);
    fenced.world.add("app.test", site.address);
    for (request, status) in [
        (get("/"), 400),
        (get("*"), 400),
        (get("ftp://app.test/"), 403),
        (get("https://app.test/"), 403),
        (get("http://evil.test@app.test/"), 400),
        (get("http://app.test:0/"), 400),
        (get("http://app.test:99999/"), 400),
        (connect("app.test"), 400),
        (connect("app.test:0"), 400),
        (connect("x@app.test:443"), 400),
        (connect("evil.test:443/app.test"), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let said = fenced.ask(&request).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {said}");
    }
    assert!(fenced.world.reached().is_empty(), "{:?}", fenced.world.reached());
}

#[tokio::test]
async fn bar_42_a_redirect_is_one_more_request() {
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n";
    let (fenced, site) = (Fenced::to(&["app.test"]).await, Site::answering(elsewhere).await);
    fenced.world.add("app.test", site.address);
    let said = fenced.ask(&get("http://app.test/")).await;
    assert!(said.starts_with("HTTP/1.1 302"), "{said}");
    assert_eq!(fenced.world.reached(), ["app.test:80"]);
    assert!(fenced.ask(&get("http://evil.test/")).await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_host_that_fails_is_named_and_not_called_blocked() {
    let fenced = Fenced::to(&["app.test", "mail.test"]).await;
    let gone = Site::echoing().await.address;
    fenced.world.add("app.test", gone);
    let said = fenced.ask(&get("http://app.test/")).await;
    assert!(said.starts_with("HTTP/1.1 502"), "{said}");
    assert!(said.contains("app.test cannot be reached") && said.contains("refused"), "{said}");
    let mail = Site::answering("220 mail.test ESMTP\r\n").await;
    fenced.world.add("mail.test", mail.address);
    let said = fenced.ask(&get("http://mail.test:25/")).await;
    assert!(said.starts_with("HTTP/1.1 502") && said.contains("something else"), "{said}");
}
