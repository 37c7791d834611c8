use fanlight_core::Cause;
use serde_json::{Value, json};

use crate::scripted::{Script, Scripted, serve};
use crate::session::{Session, open};
use crate::sshd::keygen;

async fn open_with(server: &Scripted, more: Value) -> Session {
    let mut fields = json!({ "hostname": "127.0.0.1", "port": server.port });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    open(fields).await
}

fn password_only() -> Script {
    Script { password: Some("pässword"), ..Script::default() }
}

fn questions(all: &[(&'static str, bool, &'static str)]) -> Script {
    Script { questions: all.to_vec(), ..Script::default() }
}

#[tokio::test]
async fn bar_32_a_password_that_is_not_ascii_reaches_the_target_unharmed() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({ "username": "ä", "password": "pässword" })).await;
    session.wait_for("welcome in").await;
    assert_eq!(*server.noticed.lock().unwrap(), ["none ä", "password ä pässword"]);
}

#[tokio::test]
async fn a_wrong_password_fails_without_a_prompt_and_unseen() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({ "username": "a", "password": "canary" })).await;
    let error = session.failed().await;
    assert_eq!(error.cause, Cause::LoginFailed);
    assert!(error.message.contains("tried password; it offers password"), "{error}");
    assert!(!error.message.contains("canary"));
    assert_eq!(server.noticed.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn user_name_and_password_are_asked_for_in_the_terminal() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({})).await;
    session.wait_for("login:").await;
    session.type_text("mex\u{8}\n").await;
    session.wait_for("me@127.0.0.1's password:").await;
    session.type_text("wrong\n").await;
    session.wait_for("Try again").await;
    session.type_text("pässword\n").await;
    let text = session.wait_for("welcome in").await;
    assert!(!text.contains("wrong") && !text.contains("pässword"), "{text}");
}

#[tokio::test]
async fn three_wrong_answers_are_enough() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({ "username": "me" })).await;
    for count in 1..=3 {
        while session.text().await.matches("password:").count() < count {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        session.type_text("wrong\n").await;
    }
    assert_eq!(session.failed().await.cause, Cause::LoginFailed);
}

#[tokio::test]
async fn ctrl_c_at_a_prompt_ends_the_session() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({})).await;
    session.wait_for("login:").await;
    session.ctrl('c').await;
    assert_eq!(session.failed().await.cause, Cause::Closed);
}

#[tokio::test]
async fn a_prompt_nobody_answers_times_out() {
    let server = serve(password_only()).await;
    let session = open_with(&server, json!({})).await;
    assert_eq!(session.failed().await.cause, Cause::TimedOut);
}

#[tokio::test]
async fn a_read_only_session_does_not_wait_for_what_nobody_can_type() {
    let server = serve(password_only()).await;
    let started = std::time::Instant::now();
    let session = open_with(&server, json!({ "username": "me", "read_only": true })).await;
    assert_eq!(session.failed().await.cause, Cause::LoginFailed);
    assert!(started.elapsed().as_secs() < 3);
}

#[tokio::test]
async fn a_single_hidden_question_is_answered_by_the_password() {
    let server = serve(questions(&[("Password: ", false, "right")])).await;
    let session = open_with(&server, json!({ "username": "me", "password": "right" })).await;
    session.wait_for("welcome in").await;
    assert_eq!(*server.noticed.lock().unwrap(), ["none me", "answer right"]);
}

#[tokio::test]
async fn a_wrong_password_for_a_hidden_question_fails_once() {
    let server = serve(questions(&[("Password: ", false, "right")])).await;
    let session = open_with(&server, json!({ "username": "me", "password": "wrong" })).await;
    assert_eq!(session.failed().await.cause, Cause::LoginFailed);
    assert_eq!(*server.noticed.lock().unwrap(), ["none me", "answer wrong"]);
}

#[tokio::test]
async fn a_second_question_is_shown_and_answered_by_hand() {
    let server =
        serve(questions(&[("Password: ", false, "right"), ("Code\u{7}: ", true, "123456")])).await;
    let session = open_with(&server, json!({ "username": "me", "password": "right" })).await;
    let text = session.wait_for("Code:").await;
    assert!(text.contains("Prove it[2J"), "a server must not drive the screen before the login");
    session.type_text("123456\n").await;
    session.wait_for("welcome in").await;
}

#[tokio::test]
async fn several_questions_are_one_attempt() {
    let server =
        serve(questions(&[("One: ", true, "1"), ("Two: ", true, "2"), ("Three: ", true, "3")]))
            .await;
    let session = open_with(&server, json!({ "username": "me" })).await;
    for (question, answer) in [("One:", "x"), ("One:", "1"), ("Two:", "2"), ("Three:", "3")] {
        session.wait_for(question).await;
        let asked = server.noticed.lock().unwrap().len();
        session.type_text(&format!("{answer}\n")).await;
        while server.noticed.lock().unwrap().len() == asked {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        if answer == "x" {
            session.wait_for("Try again").await;
        }
    }
    let text = session.wait_for("welcome in").await;
    assert_eq!(text.matches("Try again").count(), 1, "{text}");
}

#[tokio::test]
async fn a_key_as_the_first_of_two_factors() {
    let folder = tempfile::tempdir().unwrap();
    keygen(&folder.path().join("key"), &["-t", "ed25519", "-N", ""]);
    let key = std::fs::read_to_string(folder.path().join("key")).unwrap();
    let script = Script { key_first: true, ..questions(&[("Code: ", true, "123456")]) };
    let server = serve(script).await;
    let session = open_with(&server, json!({ "username": "me", "private_key": key })).await;
    session.wait_for("Code:").await;
    session.type_text("123456\n").await;
    session.wait_for("welcome in").await;
    assert_eq!(*server.noticed.lock().unwrap(), ["none me", "key", "answer 123456"]);
}

#[tokio::test]
async fn a_banner_is_shown_and_an_open_server_needs_no_password() {
    let banner = Some("Authorised\nuse only");
    let server = serve(Script { banner, anybody: true, ..password_only() }).await;
    let session = open_with(&server, json!({ "username": "me" })).await;
    let text = session.wait_for("welcome in").await;
    assert!(text.contains("Authorised\nuse only\nwelcome"), "{text}");
}
