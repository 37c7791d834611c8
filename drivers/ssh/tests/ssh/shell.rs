use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::session::{Session, open};
use crate::sshd::Sshd;

const PLAIN_PROMPT: &str = "PS1='$ '; clear\n";

fn target(server: &Sshd) -> Value {
    let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
    json!({
        "hostname": "127.0.0.1", "port": server.port, "username": Sshd::user(), "private_key": key
    })
}

async fn shell(server: &Sshd) -> Session {
    let session = open(target(server)).await;
    session.wait_for_shell().await;
    session.type_text(PLAIN_PROMPT).await;
    session
}

#[tokio::test]
async fn a_command_typed_is_answered_and_exit_ends_well() {
    let server = Sshd::start();
    let session = shell(&server).await;
    session.type_text("echo $((6*7)) ä€😀 $TERM\n").await;
    session.wait_for("42 ä€😀 xterm-256color").await;
    session.type_text("exit 3\n").await;
    session.ended().await.unwrap();
    let steps = session.gateway.steps.lock().unwrap().clone();
    let connect = format!("Connect to 127.0.0.1:{}", server.port);
    let log_in = format!("Log in as {}", Sshd::user());
    let expected =
        [connect.as_str(), "Check the host key", &log_in, "Open a shell", "Open a shell: done"];
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn settings_reach_the_remote_side() {
    let server = Sshd::start();
    let mut fields = target(&server);
    fields["locale"] = "C.UTF-8".into();
    fields["terminal_type"] = "vt220".into();
    fields["backspace"] = 8.into();
    fields["command"] = "echo \"<$LANG $TERM>\"; stty -a | grep -o 'erase = [^;]*'; read x".into();
    let session = open(fields).await;
    let text = session.wait_for("erase").await;
    assert!(text.contains("<C.UTF-8 vt220>") && text.contains("erase = ^H"), "{text}");
    session.type_text("\n").await;
    session.ended().await.unwrap();
}

#[tokio::test]
async fn the_remote_side_follows_the_window() {
    let server = Sshd::start();
    let session = shell(&server).await;
    session.type_text("trap 'echo; echo now $(stty size).' WINCH\n").await;
    session.type_text("echo was $(stty size).\n").await;
    let before = size_after(&session.wait_for("\nwas ").await, "\nwas ");
    session.send("size", &["600", "400"]).await;
    session.type_text("\n").await;
    let after = size_after(&session.wait_for("\nnow ").await, "\nnow ");
    assert!(after.0 < before.0 && after.1 < before.1, "{before:?} {after:?}");
}

fn size_after(text: &str, word: &str) -> (u32, u32) {
    let (size, _) = text.split_once(word).unwrap().1.split_once('.').unwrap();
    let (rows, columns) = size.split_once(' ').unwrap();
    (rows.parse().unwrap(), columns.parse().unwrap())
}

#[tokio::test]
async fn ctrl_c_is_answered_at_once_amid_a_flood() {
    let server = Sshd::start();
    let session = shell(&server).await;
    session.type_text("yes 0123456789012345678901234567890123456789\n").await;
    session.wait_for("\n0123456789").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pressed = Instant::now();
    session.ctrl('c').await;
    session.type_text("echo stop''ped\n").await;
    session.wait_for("stopped").await;
    assert!(pressed.elapsed() < Duration::from_secs(5), "{:?}", pressed.elapsed());
}

#[tokio::test]
async fn a_big_file_ends_up_complete() {
    let server = Sshd::start();
    let lines: String =
        (0..120_000).map(|line| format!("line {line} of a long text..........\n")).collect();
    assert!(lines.len() > 4_000_000);
    std::fs::write(server.path("big"), &lines).unwrap();
    let session = shell(&server).await;
    session.type_text(&format!("cat {}; echo the e''nd\n", server.path("big").display())).await;
    let text = session.wait_for("the end").await;
    let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("line ")).collect();
    assert!(shown.len() > 10, "{text}");
    let first = 120_000 - shown.len();
    for (offset, line) in shown.iter().enumerate() {
        let number = first + offset;
        assert_eq!(line.trim_end(), format!("line {number} of a long text.........."));
    }
    let frames = session.seen.lock().unwrap().frames;
    assert!(frames < 2000, "{frames} frames for one cat");
}

#[tokio::test]
async fn a_large_paste_arrives_whole_without_stopping_the_viewer() {
    let server = Sshd::start();
    let session = shell(&server).await;
    let text: String = (0..4000).map(|line| format!("{line:05} pasted\n")).collect();
    session.type_text("stty -echo; wc -c <<X | tr -d ' ' | sed 's/$/ bytes/'\n").await;
    session.send("clipboard", &["5", "text/plain"]).await;
    for chunk in text.as_bytes().chunks(6000) {
        let data = base64_simd::STANDARD.encode_to_string(chunk);
        session.send("blob", &["5", &data]).await;
    }
    session.send("end", &["5"]).await;
    // Control, Shift and V paste.
    session.send("key", &["65507", "1"]).await;
    session.send("key", &["65505", "1"]).await;
    session.press(u32::from('V')).await;
    session.send("key", &["65505", "0"]).await;
    session.send("key", &["65507", "0"]).await;
    session.type_text("X\n").await;
    session.wait_for(&format!("{} bytes", text.len())).await;
}

#[tokio::test]
async fn bar_51_closing_the_session_ends_the_shell_within_a_second() {
    let server = Sshd::start();
    let session = shell(&server).await;
    let flag = server.path("alive");
    session.type_text(&format!("while :; do touch {}; sleep 0.1; done\n", flag.display())).await;
    while !flag.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let closed = Instant::now();
    session.engine.close().await;
    assert!(closed.elapsed() < Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(700)).await;
    std::fs::remove_file(&flag).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!flag.exists(), "the shell lives on");
}

/// Established connections to a port of this machine.
fn connections(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let target = format!("0100007F:{port:04X} 01");
    table.lines().filter(|line| line.contains(&target)).count()
}

#[tokio::test]
async fn bar_79_sessions_that_end_leave_no_connection_behind() {
    let server = Sshd::with("MaxStartups 100");
    let fields = target(&server);
    for round in 0..10 {
        let session = open(fields.clone()).await;
        // Cut at every stage from dialling to the shell.
        tokio::time::sleep(Duration::from_millis(round * 40)).await;
        if round % 2 == 0 {
            session.engine.close().await;
        }
    }
    let started = Instant::now();
    while connections(server.port) > 0 {
        assert!(started.elapsed() < Duration::from_secs(5), "{}", connections(server.port));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
