//! A Guacamole client without a screen, for tests that look at the wire and the picture.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use base64_simd::STANDARD;
use fanlight_core::Viewport;
use fanlight_engine::display::model::CanvasModel;
use fanlight_engine::wire::instruction;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::Gateway;
use crate::picture::Picture;
use crate::protocol::{Instruction, instructions};

/// How long tests wait for something on the screen.
pub const SHOWN_WITHIN: Duration = Duration::from_secs(20);
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Instructions that change what is seen.
const DRAWING: [&str; 6] = ["copy", "cfill", "img", "png", "size", "transfer"];

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A Guacamole client without a screen: acknowledges every frame at once, and draws
/// only when somebody looks.
pub struct Viewer {
    shared: Arc<Mutex<Seen>>,
    progress: watch::Receiver<Progress>,
    out: mpsc::Sender<Message>,
    task: JoinHandle<()>,
}

/// How far the stream is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Frames that changed the picture.
    pub drawings: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Images that lost something when they were packed.
    pub lossy: u64,
    /// When the last of those frames came.
    pub drawn_at: Instant,
    /// Whether the socket is closed.
    pub closed: bool,
}

#[derive(Default)]
struct Seen {
    model: CanvasModel,
    undrawn: Vec<Message>,
    clipboard: Option<String>,
    incoming_clipboard: Option<(String, Vec<u8>)>,
    steps: Vec<(String, String)>,
    error: Option<(String, u16)>,
    question: Option<Vec<String>>,
    pointers: u64,
    slowness: Duration,
    /// The streams of WebP images whose first bytes have not come yet.
    webp: HashSet<String>,
    lossy: u64,
    /// Streams that bring files.
    bodies: HashSet<String>,
    told: VecDeque<Vec<String>>,
}

impl Viewer {
    /// Attaches to a session as its owner.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn open(gateway: &Gateway, session: &str, viewport: Viewport) -> Result<Self> {
        let Viewport { width, height, dpi } = viewport;
        let ticket = gateway.ticket().await?;
        Self::connect(
            gateway,
            &format!("/ws/{session}?ticket={ticket}&width={width}&height={height}&dpi={dpi}"),
        )
        .await
    }

    /// Opens the WebSocket at a path of the gateway.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn connect(gateway: &Gateway, path: &str) -> Result<Self> {
        let url = gateway.url().replacen("http", "ws", 1) + path;
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", "guacamole".parse()?);
        request.headers_mut().insert("Origin", gateway.url().parse()?);
        let (socket, _) = timeout(SHOWN_WITHIN, connect_async(request)).await??;
        Ok(Self::run(socket))
    }

    fn run(socket: Socket) -> Self {
        let start =
            Progress { drawings: 0, bytes: 0, lossy: 0, drawn_at: Instant::now(), closed: false };
        let (tell, progress) = watch::channel(start);
        let (out, requests) = mpsc::channel(1024);
        let shared = Arc::new(Mutex::new(Seen::default()));
        let (sink, stream) = socket.split();
        let reader = Reader { shared: Arc::clone(&shared), tell, out: out.clone() };
        let task = tokio::spawn(async move {
            tokio::select! {
                () = reader.run(stream) => {}
                _ = write(sink, requests) => {}
            }
            reader.tell.send_modify(|progress| progress.closed = true);
        });
        Self { shared, progress, out, task }
    }

    /// Sends one instruction.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send(&self, opcode: &str, arguments: &[&str]) -> Result<()> {
        let text = String::from_utf8(instruction(opcode, arguments).to_vec())?;
        let sent = timeout(SHOWN_WITHIN, self.out.send(Message::text(text))).await?;
        sent.map_err(|_| anyhow!("the socket is closed"))
    }

    /// Presses and releases a key, by its X11 keysym.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn key(&self, keysym: u32) -> Result<()> {
        self.send("key", &[&keysym.to_string(), "1"]).await?;
        self.send("key", &[&keysym.to_string(), "0"]).await
    }

    /// Presses a key while another one is held.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn chord(&self, held: u32, keysym: u32) -> Result<()> {
        self.send("key", &[&held.to_string(), "1"]).await?;
        self.key(keysym).await?;
        self.send("key", &[&held.to_string(), "0"]).await
    }

    /// Types ASCII text; a line feed is the Enter key.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        for character in text.chars() {
            let keysym = if character == '\n' { ENTER } else { u32::from(character) };
            self.key(keysym).await?;
        }
        Ok(())
    }

    /// Puts text on the session's clipboard.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn copy(&self, text: &str) -> Result<()> {
        self.send("clipboard", &["1", "text/plain"]).await?;
        self.send("blob", &["1", &STANDARD.encode_to_string(text)]).await?;
        self.send("end", &["1"]).await
    }

    /// Takes so long over every message from now on, as a slow browser does.
    pub fn slow_down(&self, by: Duration) {
        lock(&self.shared).slowness = by;
    }

    /// How far the stream is.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits for a frame that changes the picture, after the first `drawings` ones.
    ///
    /// # Errors
    /// When none comes within 20 s.
    pub async fn drawing_after(&self, drawings: u64) -> Result<Progress> {
        let mut progress = self.progress.clone();
        let changed = progress.wait_for(|progress| progress.drawings > drawings || progress.closed);
        Ok(*timeout(SHOWN_WITHIN, changed).await.context("nothing is drawn")??)
    }

    /// Waits until nothing was drawn for `quiet`.
    ///
    /// # Errors
    /// When drawing does not cease within `limit`.
    pub async fn settled(&self, quiet: Duration, limit: Duration) -> Result<()> {
        let begin = Instant::now();
        loop {
            let idle = self.progress().drawn_at.elapsed();
            if idle >= quiet {
                return Ok(());
            }
            if begin.elapsed() > limit {
                bail!("still drawing after {limit:?}");
            }
            tokio::time::sleep(quiet - idle).await;
        }
    }

    /// Waits until the socket is closed.
    ///
    /// # Errors
    /// When it is not within 20 s.
    pub async fn closed(&self) -> Result<()> {
        let mut progress = self.progress.clone();
        timeout(SHOWN_WITHIN, progress.wait_for(|progress| progress.closed))
            .await
            .context("the socket stays open")??;
        Ok(())
    }

    /// What is seen now.
    ///
    /// # Errors
    /// When the stream holds something that cannot be drawn.
    pub fn picture(&self) -> Result<Picture> {
        let mut seen = lock(&self.shared);
        let undrawn = std::mem::take(&mut seen.undrawn);
        for message in &undrawn {
            seen.model.apply(message.to_text()?.as_bytes())?;
        }
        let (width, height) = (seen.model.width() as usize, seen.model.height() as usize);
        Picture::from_rgba(width, height, seen.model.composited())
    }

    /// The next instruction about files: its opcode and five arguments, empty ones where
    /// it has fewer.
    ///
    /// # Errors
    /// When none comes within 20 s.
    pub async fn told(&self) -> Result<Vec<String>> {
        let begin = Instant::now();
        loop {
            if let Some(words) = lock(&self.shared).told.pop_front() {
                return Ok(words);
            }
            if begin.elapsed() > SHOWN_WITHIN {
                bail!("nothing is said of files");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The last text that the session put on the viewer's clipboard.
    pub fn clipboard(&self) -> Option<String> {
        lock(&self.shared).clipboard.clone()
    }

    /// The names of the parameters that the session asks for, once it asks.
    ///
    /// # Errors
    /// When it does not within 20 s.
    pub async fn question(&self) -> Result<Vec<String>> {
        let begin = Instant::now();
        loop {
            if let Some(names) = lock(&self.shared).question.take() {
                return Ok(names);
            }
            if begin.elapsed() > SHOWN_WITHIN {
                bail!("nothing is asked; error {:?}", self.error());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Answers a question: one parameter on a stream of that number.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn answer(&self, stream: usize, name: &str, value: &str) -> Result<()> {
        let stream = stream.to_string();
        self.send("argv", &[&stream, "text/plain", name]).await?;
        if !value.is_empty() {
            self.send("blob", &[&stream, &STANDARD.encode_to_string(value)]).await?;
        }
        self.send("end", &[&stream]).await
    }

    /// How often the pointer's shape was told so far.
    pub fn pointers(&self) -> u64 {
        lock(&self.shared).pointers
    }

    /// The connect ladder so far: state and name of each step's reports.
    pub fn steps(&self) -> Vec<(String, String)> {
        lock(&self.shared).steps.clone()
    }

    /// The session's error and its Guacamole status code, if it ended with one.
    pub fn error(&self) -> Option<(String, u16)> {
        lock(&self.shared).error.clone()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// X11 keysym of the Enter key.
pub const ENTER: u32 = 0xff0d;
/// X11 keysym of the left Shift key.
pub const SHIFT: u32 = 0xffe1;
/// X11 keysym of the left Control key.
pub const CONTROL: u32 = 0xffe3;
/// X11 keysym of Page Up.
pub const PAGE_UP: u32 = 0xff55;
/// X11 keysym of Page Down.
pub const PAGE_DOWN: u32 = 0xff56;

struct Reader {
    shared: Arc<Mutex<Seen>>,
    tell: watch::Sender<Progress>,
    out: mpsc::Sender<Message>,
}

impl Reader {
    async fn run(&self, mut stream: SplitStream<Socket>) {
        while let Some(Ok(message)) = stream.next().await {
            if message.is_text() && self.take(message).await.is_err() {
                return;
            }
        }
    }

    async fn take(&self, message: Message) -> Result<()> {
        let text = message.to_text()?;
        let bytes = text.len() as u64;
        let mut drawn = false;
        let mut replies = Vec::new();
        for instruction in instructions(text)? {
            drawn |= DRAWING.contains(&instruction.opcode);
            replies.extend(lock(&self.shared).take(&instruction));
        }
        let slowness = lock(&self.shared).slowness;
        tokio::time::sleep(slowness).await;
        for reply in replies {
            self.out.send(Message::text(reply)).await?;
        }
        let lossy = {
            let mut seen = lock(&self.shared);
            seen.undrawn.push(message);
            seen.lossy
        };
        self.tell.send_modify(|progress| {
            progress.bytes += bytes;
            progress.lossy = lossy;
            if drawn {
                progress.drawings += 1;
                progress.drawn_at = Instant::now();
            }
        });
        Ok(())
    }
}

impl Seen {
    /// Notes what is not drawn; returns the reply that the protocol asks for.
    fn take(&mut self, instruction: &Instruction<'_>) -> Option<String> {
        let first = instruction.argument(0);
        let receiving = self.incoming_clipboard.as_ref().is_some_and(|(stream, _)| stream == first);
        self.note_files(instruction);
        self.note_images(instruction);
        match instruction.opcode {
            "sync" => return Some(text("sync", &[first])),
            "clipboard" => self.incoming_clipboard = Some((first.to_owned(), Vec::new())),
            "blob" if receiving => return self.take_blob(first, instruction.argument(1)),
            "end" if receiving => {
                let (_, bytes) = self.incoming_clipboard.take().unwrap_or_default();
                self.clipboard = String::from_utf8(bytes).ok();
            }
            "required" => {
                let names = instruction.arguments.iter().map(|name| (*name).to_owned());
                self.question = Some(names.collect());
            }
            "cursor" => self.pointers += 1,
            "step" => {
                let of = |index| instruction.argument(index).to_owned();
                self.steps.push((of(1), of(3)));
            }
            "error" => {
                let code = instruction.argument(1).parse().unwrap_or_default();
                self.error = Some((first.to_owned(), code));
            }
            _ => {}
        }
        None
    }

    /// Counts the images that are not exact: a WebP file tells by the name of its first chunk.
    fn note_images(&mut self, instruction: &Instruction<'_>) {
        let stream = instruction.argument(0);
        match instruction.opcode {
            "img" if instruction.argument(3) == "image/jpeg" => self.lossy += 1,
            "img" if instruction.argument(3) == "image/webp" => {
                self.webp.insert(stream.to_owned());
            }
            "blob" if self.webp.remove(stream) => {
                let exact = instruction.argument(1).get(..24).and_then(|head| {
                    let bytes = STANDARD.decode_to_vec(head).ok()?;
                    Some(bytes.get(12..16)? == b"VP8L")
                });
                self.lossy += u64::from(exact != Some(true));
            }
            _ => {}
        }
    }

    /// Keeps what is said about files; who transfers them answers.
    fn note_files(&mut self, instruction: &Instruction<'_>) {
        let first = instruction.argument(0);
        let is_about_files = match instruction.opcode {
            "filesystem" | "undefine" | "notice" | "fault" | "ack" => true,
            "body" => self.bodies.insert(instruction.argument(1).to_owned()),
            "blob" => self.bodies.contains(first),
            "end" => self.bodies.remove(first),
            _ => false,
        };
        if is_about_files {
            let words = (0..5).map(|index| instruction.argument(index).to_owned());
            self.told
                .push_back(std::iter::once(instruction.opcode.to_owned()).chain(words).collect());
        }
    }

    fn take_blob(&mut self, stream: &str, base64: &str) -> Option<String> {
        let (_, bytes) = self.incoming_clipboard.as_mut()?;
        bytes.extend(STANDARD.decode_to_vec(base64).ok()?);
        Some(text("ack", &[stream, "OK", "0"]))
    }
}

fn text(opcode: &str, arguments: &[&str]) -> String {
    String::from_utf8_lossy(&instruction(opcode, arguments)).into_owned()
}

fn lock(shared: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends what is asked for, and a sign of life every few seconds.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut requests: mpsc::Receiver<Message>,
) -> Result<()> {
    let mut keep_alive = interval(KEEP_ALIVE);
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(message) => sink.send(message).await?,
                None => return Ok(()),
            },
            _ = keep_alive.tick() => sink.send(Message::text(text("nop", &[]))).await?,
        }
    }
}
