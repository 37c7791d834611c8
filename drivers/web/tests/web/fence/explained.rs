//! What a person sees of a site that is blocked.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fanlight_core::Outside;
use fanlight_driver_web::fence::{Rules, explain_blocked};

use crate::browser::Browser;
use crate::world::{Site, World};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 56\r\n\
    Connection: close\r\n\r\n<!doctype html><iframe src=https://inner.test/></iframe>";
const TOLD: &str = "new Promise((yes) => setInterval(() => { \
    const title = document.querySelector('h1')?.textContent; \
    const { responseStatus } = performance.getEntriesByType('navigation')[0]; \
    if (title) yes(`${responseStatus} ${title}`); }, 50))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_42_a_blocked_page_is_explained_over_https_too() {
    let world = Arc::<World>::default();
    let site = Site::answering(PAGE).await;
    world.add("app.test", site.address);
    world.http_only.store(true, Ordering::Relaxed);
    let rules = Rules::only(vec!["app.test".parse().unwrap()]);
    let browser = Browser::start_within(&world, rules.clone()).await;
    let outside = Arc::clone(&world) as Arc<dyn Outside>;
    let explaining = tokio::spawn(explain_blocked(browser.connection.clone(), rules, outside));
    browser.open("http://app.test/").await;
    for url in ["https://evil.test/", "http://evil.test/path", "https://127.0.0.1/"] {
        let open = format!("window.open('{url}'), 1");
        assert_eq!(browser.evaluate("http://app.test/", &open).await, 1);
        let host = url.split('/').nth(2).unwrap();
        assert_eq!(browser.evaluate(url, TOLD).await, format!("403 {host} is blocked"));
    }
    let visits = || world.visits.lock().clone();
    assert!(visits().contains(&("evil.test".into(), false)), "{:?}", visits());
    while !visits().contains(&("inner.test".into(), false)) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(world.reached().iter().all(|place| place.starts_with("app.test")));
    explaining.abort();
    browser.end().await;
}
