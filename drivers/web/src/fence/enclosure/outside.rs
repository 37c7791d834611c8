use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::os::fd::{AsFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::fs::{Mode, OFlags, open};
use tokio::io::Interest;
use tokio::net::TcpListener;

use super::{inside::HELPER, passing, with_proxy};

/// Descriptor of the gateway's binary in the enclosure; it can be executed, and nothing else.
const GATEWAY: RawFd = 5;

/// Whom a program runs as, where the gateway is root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// A program that is to run behind a session's proxy.
#[derive(Debug, Clone, Copy)]
pub struct Enclosure<'a> {
    /// The gateway's own binary. The account need not be able to see it.
    pub gateway: &'a Path,
    /// `None` runs it as the gateway's own user.
    pub account: Option<Account>,
}

/// Where the proxy's listener comes from.
pub struct Gate(From);

enum From {
    Inside(UnixStream),
    Here(StdListener),
}

impl Enclosure<'_> {
    /// `program` in a user, network and process namespace of its own, in which only the
    /// proxy can be reached; [`PROXY`](super::PROXY) in its arguments becomes the proxy's
    /// address. All processes in it end with the first one, or with the command's. Standard
    /// input and descriptor 5 are taken; `descriptors` are the program's further ones.
    ///
    /// # Errors
    /// Where the gateway's binary cannot be opened, two descriptors are to become the same,
    /// or the system has none left.
    pub fn command(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        mut descriptors: Vec<FdMapping>,
    ) -> io::Result<(Command, Gate)> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = unprivileged(self.account);
        // By descriptor: the account may not be allowed to look where the binary lies, and
        // what lies there may be the next version already.
        let gateway = open(self.gateway, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        descriptors.push(FdMapping { parent_fd: gateway, child_fd: GATEWAY });
        command
            .args(["unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--pid"])
            .args(["--fork", "--kill-child=KILL", "--"])
            .args([&format!("/proc/self/fd/{GATEWAY}"), "helper", HELPER])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        map(&mut command, descriptors)?;
        Ok((command, Gate(From::Inside(ours))))
    }

    /// `program` in the gateway's own network, with a proxy on loopback that it is asked to
    /// use: for systems without namespaces, where the operator accepts that.
    ///
    /// # Errors
    /// Where no port can be listened on, or two descriptors are to become the same.
    pub fn unfenced_command(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        descriptors: Vec<FdMapping>,
    ) -> io::Result<(Command, Gate)> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut command = unprivileged(self.account);
        command
            .arg(program)
            .args(with_proxy(arguments, listener.local_addr()?))
            .stdin(Stdio::null());
        map(&mut command, descriptors)?;
        Ok((command, Gate(From::Here(listener))))
    }
}

/// The beginning of a command that is run as `account`, and can gain no rights by what it
/// runs. The program comes next.
pub(crate) fn unprivileged(account: Option<Account>) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--no-new-privs");
    if let Some(Account { uid, gid }) = account {
        command.args([format!("--reuid={uid}"), format!("--regid={gid}")]);
        command.args(["--clear-groups", "--inh-caps=-all"]);
    }
    command.arg("--");
    command
}

fn map(command: &mut Command, descriptors: Vec<FdMapping>) -> io::Result<()> {
    command.fd_mappings(descriptors).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(())
}

impl Gate {
    /// The listener that the program's proxy is to serve. Waits until it has come out, so
    /// give it a limit; the command must have been dropped, or a program that fails to
    /// start is not noticed.
    ///
    /// # Errors
    /// When the program ended before, as it does where the system has no namespaces.
    pub async fn listener(self) -> io::Result<TcpListener> {
        let listener = match self.0 {
            From::Here(listener) => listener,
            From::Inside(socket) => receive(socket).await?.into(),
        };
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    }
}

async fn receive(socket: UnixStream) -> io::Result<OwnedFd> {
    socket.set_nonblocking(true)?;
    let socket = tokio::net::UnixStream::from_std(socket)?;
    socket.async_io(Interest::READABLE, || passing::receive(socket.as_fd())).await
}
