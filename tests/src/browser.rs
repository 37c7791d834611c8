use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64_simd::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::picture::Picture;
use crate::terminal::Seat;

/// Longer than the driver's own limit, whose message says more.
const REPLY_WITHIN: Duration = Duration::from_secs(40);
const CLOSED_WITHIN: Duration = Duration::from_secs(10);
/// A picture without pixels, as a page gives it.
const NOTHING: &str = "data:image/png;base64,";

/// Chromium with one empty profile and one page.
pub struct Browser {
    driver: Child,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    requests: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    /// Starts one. `npm ci` in `tests/browser` must have been run.
    ///
    /// # Errors
    /// When Node.js, the driver's packages or Chromium are missing.
    pub async fn start() -> Result<Self> {
        Self::with(1, "en-US").await
    }

    /// As [`start`](Self::start), for a person of another language.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn in_language(tag: &str) -> Result<Self> {
        Self::with(1, tag).await
    }

    /// As [`start`](Self::start), on a screen with `density` pixels for each CSS pixel.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn with_density(density: usize) -> Result<Self> {
        Self::with(density, "en-US").await
    }

    async fn with(density: usize, language: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        ensure!(folder.join("node_modules").exists(), "run `npm ci` in {}", folder.display());
        let mut driver = Command::new("node")
            .arg("driver.mjs")
            .env("DENSITY", density.to_string())
            .env("LOCALE", language)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start node")?;
        let requests = driver.stdin.take().context("no pipe")?;
        let replies = BufReader::new(driver.stdout.take().context("no pipe")?).lines();
        let browser = Self { driver, pipes: Mutex::new(Pipes { requests, replies }) };
        browser.call("url", Value::Null).await?;
        Ok(browser)
    }

    /// One request to the driver; `tests/browser/driver.mjs` lists them.
    ///
    /// # Errors
    /// The driver's message, or that it does not reply.
    pub async fn call(&self, method: &str, argument: Value) -> Result<Value> {
        let mut pipes = self.pipes.lock().await;
        let line = json!({ "method": method, "argument": argument }).to_string() + "\n";
        pipes.requests.write_all(line.as_bytes()).await?;
        let reply = timeout(REPLY_WITHIN, pipes.replies.next_line()).await??;
        let mut reply: Value = serde_json::from_str(&reply.context("the browser driver ended")?)?;
        match reply["error"].as_str() {
            Some(message) => bail!("{message}"),
            None => Ok(reply["result"].take()),
        }
    }

    /// Opens a page; returns the HTTP status.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn goto(&self, url: &str) -> Result<u64> {
        let status = self.call("goto", json!({ "url": url })).await?;
        status.as_u64().with_context(|| format!("no status: {status}"))
    }

    /// The value of a JavaScript expression in the page.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn evaluate(&self, expression: &str) -> Result<Value> {
        self.call("evaluate", json!({ "expression": expression })).await
    }

    /// Waits until a JavaScript expression in the page is true.
    ///
    /// # Errors
    /// With the expression, when it does not become so within 20 s.
    pub async fn wait_until(&self, expression: &str) -> Result<()> {
        let waited = self.call("wait_until", json!({ "expression": expression })).await;
        waited.map(drop).map_err(|error| anyhow!("never true: {expression} ({error})"))
    }

    /// Waits for an element to be visible.
    ///
    /// # Errors
    /// When it is not within 20 s.
    pub async fn wait_for(&self, selector: &str) -> Result<()> {
        self.call("wait_for", json!({ "selector": selector })).await.map(drop)
    }

    /// Types text on the keyboard.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.call("type", json!({ "text": text })).await.map(drop)
    }

    /// Presses a key, or several together: `Control+Shift+V`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn press(&self, key: &str) -> Result<()> {
        self.call("press", json!({ "key": key })).await.map(drop)
    }

    /// The visible text of an element.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn text(&self, selector: &str) -> Result<String> {
        let text = self.call("text", json!({ "selector": selector })).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Saves a picture of the page, for people to look at.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        self.call("screenshot", json!({ "path": file })).await.map(drop)
    }

    /// The remote screen as the page's canvases hold it: the visible layers of the
    /// Guacamole display that is in `selector`, one over the other.
    ///
    /// # Errors
    /// When there is no canvas.
    pub async fn canvas(&self, selector: &str) -> Result<Picture> {
        let script = FLATTEN.replace("SELECTOR", &json!(selector).to_string());
        let begin = Instant::now();
        let mut url = self.evaluate(&script).await?;
        // A page that has just connected may not have its display's size yet.
        while url.as_str().is_none_or(|url| url.len() <= NOTHING.len())
            && begin.elapsed() < CLOSED_WITHIN
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
            url = self.evaluate(&script).await?;
        }
        let data = url.as_str().and_then(|url| url.strip_prefix(NOTHING));
        Picture::from_png(&STANDARD.decode_to_vec(data.context("no canvas")?)?)
    }

    /// Ends the browser and waits for it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn close(self) -> Result<()> {
        let Self { mut driver, pipes } = self;
        drop(pipes);
        timeout(CLOSED_WITHIN, driver.wait()).await??;
        Ok(())
    }
}

/// The remote screen of a session page in a browser.
pub struct Screen<'a> {
    /// The browser.
    pub browser: &'a Browser,
    /// The element that holds the Guacamole display.
    pub selector: &'a str,
}

impl Seat for Screen<'_> {
    async fn type_text(&self, text: &str) -> Result<()> {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.browser.press("Enter").await?;
            }
            self.browser.type_text(line).await?;
        }
        Ok(())
    }

    async fn picture(&self) -> Result<Picture> {
        self.browser.canvas(self.selector).await
    }
}

/// Draws every canvas inside an element on one, at the place it has in the remote screen.
/// A layer is as large as the element around its canvas, which may be larger itself.
const FLATTEN: &str = "(() => {
  const layers = [...document.querySelector(SELECTOR).querySelectorAll('canvas')]
    .map((canvas) => ({
      canvas,
      box: canvas.getBoundingClientRect(),
      width: parseInt(canvas.parentElement.style.width) || canvas.width,
      height: parseInt(canvas.parentElement.style.height) || canvas.height,
    }))
    .filter((layer) => layer.width > 0 && layer.height > 0 && layer.box.width > 0)
  if (layers.length === 0) return null
  const [bottom] = layers
  const scale = bottom.canvas.width / bottom.box.width
  const flat = document.createElement('canvas')
  flat.width = bottom.width
  flat.height = bottom.height
  const context = flat.getContext('2d')
  for (const { canvas, box, width, height } of layers) {
    const [x, y] = [(box.x - bottom.box.x) * scale, (box.y - bottom.box.y) * scale]
    context.drawImage(canvas, 0, 0, width, height, Math.round(x), Math.round(y), width, height)
  }
  return flat.toDataURL('image/png')
})()";

/// A folder for screenshots that outlive the test, in the target folder.
///
/// # Errors
/// When it cannot be made.
pub fn screenshots() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let target = test.ancestors().nth(3).context("not in a target folder")?;
    let folder = target.join("screenshots");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
