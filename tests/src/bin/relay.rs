//! Relays connections from a TCP address to a Unix socket: run inside a network namespace,
//! it brings in what only the file system leads to.

use std::env::args;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let [address, socket] = [1, 2].map(|index| args().nth(index).unwrap_or_default());
    let listener = TcpListener::bind(address).await?;
    loop {
        let (mut near, _) = listener.accept().await?;
        let socket = socket.clone();
        // Ends with this process, which the fixture ends.
        tokio::spawn(async move {
            let mut far = UnixStream::connect(socket).await?;
            near.set_nodelay(true)?;
            copy_bidirectional(&mut near, &mut far).await
        });
    }
}
