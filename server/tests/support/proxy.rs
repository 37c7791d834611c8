//! A way to a server that can be stopped up, and that counts what is asked on it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Proxy {
    port: u16,
    asked: Arc<Mutex<String>>,
    open: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Proxy {
    /// Leads to that port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<String>>::default();
        let open = watch::Sender::new(true);
        let (heard, gate) = (Arc::clone(&asked), open.subscribe());
        let running = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, Arc::clone(&heard), gate.clone()));
            }
        });
        Self { port: own, asked, open, running }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Takes everything and passes nothing on.
    pub fn stop_up(&self, stopped: bool) {
        self.open.send_replace(!stopped);
    }

    /// How often something was asked since the last time that this was forgotten.
    pub fn count(&self, request_line: &str) -> usize {
        self.asked.lock().matches(request_line).count()
    }

    pub fn forget(&self) {
        self.asked.lock().clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn carry(
    mut client: TcpStream,
    port: u16,
    asked: Arc<Mutex<String>>,
    mut open: watch::Receiver<bool>,
) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, mut from_server) = ([0; 16384], [0; 16384]);
    loop {
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(read @ 1..) = read else { return };
                asked.lock().push_str(&String::from_utf8_lossy(&from_client[..read]));
                if open.wait_for(|open| *open).await.is_err() {
                    return;
                }
                if server.write_all(&from_client[..read]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&from_server[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
