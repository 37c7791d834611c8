//! A web session in the session page: the page is seen exactly, and can be worked with.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{Browser, Engine, Gateway, screenshots};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{SCREEN, open, wait_for_state};

const PAGE: &str = include_str!("web.page.html");
/// Side of the picture in the page's corner: every colour of its kind once.
const SIDE: usize = 256;
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(100);

/// A web server with one page, which tells what is sent to it.
struct Site {
    address: SocketAddr,
    heard: mpsc::UnboundedReceiver<String>,
    _serving: JoinSet<()>,
}

impl Site {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, (tell, heard)) = (listener.local_addr()?, mpsc::unbounded_channel());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that only tries whether somebody listens says nothing.
                let _ = answer(stream, &tell).await;
            }
        });
        Ok(Self { address, heard, _serving: serving })
    }

    /// What the form sends.
    async fn ordered(&mut self) -> Result<String> {
        let ordered = async {
            loop {
                let path = self.heard.recv().await.context("the site is gone")?;
                if let Some(order) = path.strip_prefix("/ordered?") {
                    return Ok(order.to_owned());
                }
            }
        };
        timeout(SHOWN_WITHIN, ordered).await.context("nothing was ordered")?
    }
}

async fn answer(stream: TcpStream, tell: &mpsc::UnboundedSender<String>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let Some(request) = lines.next_line().await? else { return Ok(()) };
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = if path == "/" { PAGE } else { "" };
    let _ = tell.send(path.to_owned());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close";
    let text = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    writer.write_all(text.as_bytes()).await
}

/// The colours that the page draws in its corner.
fn expected() -> Vec<u8> {
    let pixel = |i: usize| [(i % SIDE) as u8, (i / SIDE) as u8, (i * 7 % SIDE) as u8, 255];
    (0..SIDE * SIDE).flat_map(pixel).collect()
}

async fn shows_exactly(browser: &Browser) -> Result<()> {
    let begin = Instant::now();
    loop {
        let picture = browser.canvas(SCREEN).await?;
        if picture.width >= SIDE && picture.part(0, 0, SIDE, SIDE) == expected() {
            return Ok(());
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "the page is never shown as it is");
        sleep(BETWEEN_LOOKS).await;
    }
}

/// Waits until the colour of a place of the screen is no longer `before`.
async fn changes(browser: &Browser, (x, y): (usize, usize), before: &[u8]) -> Result<()> {
    let begin = Instant::now();
    while browser.canvas(SCREEN).await?.at(x, y) == before {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "nothing changes at {x}, {y}");
        sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_is_seen_exactly_and_can_be_worked_with() {
    let mut site = Site::start().await.unwrap();
    let gateway = Gateway::start(Engine::Embedded).await.unwrap();
    let browser = Browser::start().await.unwrap();
    browser.call("resize", json!({ "width": 1280, "height": 800 })).await.unwrap();
    let url = format!("http://{}/", site.address);
    let session = json!({ "session_type": "web", "url": url, "allowed_domains": ["127.0.0.1"] });
    open(&gateway, &browser, &session).await.unwrap();
    let connected = wait_for_state(&browser, "connected").await;
    connected.with_context(|| gateway.log()).unwrap();
    shows_exactly(&browser).await.unwrap();
    orders(&browser).await.unwrap();
    let order = site.ordered().await;
    browser.screenshot(&screenshots().unwrap().join("web-ordered.png")).await.unwrap();
    assert_eq!(order.unwrap(), "who=Gr%C3%BCezi+42&size=medium&sure=true");
    shows_exactly(&browser).await.unwrap();
    browser.close().await.unwrap();
}

/// Types a name, chooses from the list, and says yes to the page's question.
async fn orders(browser: &Browser) -> Result<()> {
    browser.type_text("Grüezi 42").await?;
    browser.press("Tab").await?;
    let below_the_list = (40, 420);
    let screenshot = screenshots()?;
    let before = browser.canvas(SCREEN).await?.at(below_the_list.0, below_the_list.1).to_vec();
    browser.press("Space").await?;
    let opened = changes(browser, below_the_list, &before).await;
    browser.screenshot(&screenshot.join("web-list.png")).await?;
    opened.context("the list")?;
    browser.press("ArrowDown").await?;
    browser.press("Enter").await?;
    browser.press("Tab").await?;
    browser.press("Enter").await?;
    let asked = changes(browser, (2, 2), &expected()[(2 * SIDE + 2) * 4..][..4]).await;
    browser.screenshot(&screenshot.join("web-question.png")).await?;
    asked.context("the question")?;
    browser.press("Enter").await
}
