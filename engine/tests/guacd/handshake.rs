//! The handshake with a scripted guacd: what it is told, and what it does wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fake::{Conversation, FakeGuacd, ID, SSH, config, opening, plan, soon};
use fanlight_core::{Cause, SessionError};
use fanlight_engine::guacd::{GuacdAddress, GuacdEngine, GuacdState, GuacdTls};
use fanlight_engine::link::{Engine, EngineSession};

type Opened = Result<Arc<dyn EngineSession>, SessionError>;

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn at(port: u16) -> GuacdAddress {
    GuacdAddress { host: "127.0.0.1".into(), port, tls: None }
}

async fn open(addresses: Vec<GuacdAddress>) -> Opened {
    GuacdEngine::new(config(addresses)).unwrap().open(opening(plan())).await
}

/// Opens a session while guacd says `words` to the one who speaks first.
async fn told(guacd: &FakeGuacd, words: &[&str]) -> SessionError {
    let serve = async {
        let mut conversation = guacd.accept().await;
        conversation.expect("select").await;
        for word in words {
            conversation.say(word).await;
        }
        drop(conversation);
    };
    tokio::join!(open(vec![guacd.address()]), serve).0.err().unwrap()
}

#[tokio::test]
async fn guacd_is_told_what_it_lists() {
    let guacd = FakeGuacd::start().await;
    let serve = async {
        let mut conversation = guacd.accept().await;
        let greeted = conversation.start(&SSH, "").await;
        (greeted, conversation)
    };
    let (session, (greeted, conversation)) = tokio::join!(open(vec![guacd.address()]), serve);
    assert_eq!(session.unwrap().connection_id(), ID);
    assert_eq!(greeted.0, "ssh");
    assert_eq!(greeted.1, ["VERSION_1_3_0", "10.0.0.5", "22", ""]);
    let said: Vec<_> = conversation.said.iter().map(|(opcode, _)| opcode.as_str()).collect();
    assert_eq!(said, ["size", "audio", "video", "image", "timezone"]);
    assert_eq!(conversation.said[0].1, ["800", "600", "96"]);
    assert_eq!(conversation.said[4].1, ["Europe/Berlin"]);
}

#[tokio::test]
async fn an_old_guacd_is_not_told_the_time_zone() {
    let guacd = FakeGuacd::start().await;
    let serve = async {
        let mut conversation = guacd.accept().await;
        let (_, values) = conversation.start(&["hostname", "port"], "").await;
        assert_eq!(values, ["10.0.0.5", "22"]);
        conversation
    };
    let (session, conversation) = tokio::join!(open(vec![guacd.address()]), serve);
    assert!(session.is_ok());
    assert!(conversation.said.iter().all(|(opcode, _)| opcode != "timezone"));
}

#[tokio::test]
async fn a_parameter_that_guacd_lacks_fails_the_session_before_it_starts() {
    let guacd = FakeGuacd::start().await;
    let serve = async {
        let mut conversation = guacd.accept().await;
        conversation.expect("select").await;
        conversation.say("4.args,13.VERSION_1_3_0,8.hostname;").await;
        assert_eq!(conversation.hear().await, None);
    };
    let error = tokio::join!(open(vec![guacd.address()]), serve).0.err().unwrap();
    assert_eq!(error.cause, Cause::EngineLacksParameter);
    assert!(error.message.contains("port"), "{error}");
}

#[tokio::test]
async fn bar_63_a_guacd_that_refuses_is_told() {
    let port = closed_port();
    let error = open(vec![at(port)]).await.err().unwrap();
    assert_eq!(error.cause, Cause::Refused);
    assert!(error.message.contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn bar_63_a_guacd_that_hangs_up_or_reports_an_error_is_told() {
    let guacd = FakeGuacd::start().await;
    let error = told(&guacd, &[]).await;
    assert_eq!(error.cause, Cause::Refused);
    assert!(error.message.contains("ssh"), "{error}");
    let error = told(&guacd, &["5.error,4.full,3.520;"]).await;
    assert_eq!(error.cause, Cause::Unavailable);
}

#[tokio::test]
async fn bar_64_a_silent_guacd_costs_no_more_than_the_limit() {
    let guacd = FakeGuacd::start().await;
    let serve = async {
        let mut conversation = guacd.accept().await;
        conversation.expect("select").await;
        conversation.hear().await
    };
    let begin = Instant::now();
    let (opened, heard) = tokio::join!(open(vec![guacd.address()]), serve);
    assert_eq!(opened.err().unwrap().cause, Cause::TimedOut);
    assert_eq!(heard, None, "guacd is not hung up on");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn bar_64_a_guacd_that_is_silent_after_connect_costs_no_more_than_the_limit() {
    let guacd = FakeGuacd::start().await;
    let serve = async {
        let mut conversation = guacd.accept().await;
        conversation.greet(&SSH).await;
        conversation.hear().await
    };
    let (opened, heard) = tokio::join!(open(vec![guacd.address()]), serve);
    assert_eq!(opened.err().unwrap().cause, Cause::TimedOut);
    assert_eq!(heard, None);
}

#[tokio::test]
async fn bar_64_a_silent_guacd_does_not_keep_others_from_serving() {
    let (silent, willing) = (FakeGuacd::start().await, FakeGuacd::start().await);
    let addresses = vec![silent.address(), willing.address()];
    let engine = GuacdEngine::new(config(addresses)).unwrap();
    let serve = async {
        let mut first = willing.accept().await;
        first.start(&SSH, "").await;
        first
    };
    let (session, _conversation) = tokio::join!(engine.open(opening(plan())), serve);
    assert!(session.is_ok());
}

#[tokio::test]
async fn bar_66_garbage_in_the_handshake_is_an_error() {
    let guacd = FakeGuacd::start().await;
    for words in [
        &["HTTP/1.1 400 Bad Request\r\n\r\n"][..],
        &["4.args,13.VERSION_1_3_0,8.hostname,4.port;", "4.sync,1.1;"],
        &["4.sync,1.1;"],
        &["99999999."],
    ] {
        assert_eq!(told(&guacd, words).await.cause, Cause::Lost, "{words:?}");
    }
}

#[tokio::test]
async fn addresses_are_passed_over_while_they_do_not_answer() {
    let guacd = FakeGuacd::start().await;
    let dead = closed_port();
    let engine = GuacdEngine::new(config(vec![at(dead), guacd.address()])).unwrap();
    for _ in 0..3 {
        let serve = async {
            let mut conversation = guacd.accept().await;
            conversation.start(&SSH, "").await;
            conversation
        };
        let (session, _conversation) = tokio::join!(engine.open(opening(plan())), serve);
        session.unwrap().close().await;
    }
    let health = engine.health();
    assert_eq!(health[0].state, GuacdState::Unhealthy);
    assert!(health[0].error.as_ref().unwrap().contains("refuses"));
    assert_eq!(health[1].state, GuacdState::Healthy);

    let _back = tokio::net::TcpListener::bind(("127.0.0.1", dead)).await.unwrap();
    soon(async {
        while engine.health()[0].state != GuacdState::Healthy {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

struct TlsGuacd {
    guacd: tokio::net::TcpListener,
    acceptor: tokio_rustls::TlsAcceptor,
    ca: std::path::PathBuf,
}

impl TlsGuacd {
    async fn start() -> Self {
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key.into())
            .unwrap();
        let guacd = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("fanlight-ca-{}.pem", guacd.local_addr().unwrap().port());
        let ca = std::env::temp_dir().join(name);
        std::fs::write(&ca, signed.cert.pem()).unwrap();
        Self { guacd, acceptor: Arc::new(server).into(), ca }
    }

    fn address(&self, host: &str, ca: bool) -> GuacdAddress {
        let tls = Some(GuacdTls { ca: ca.then(|| self.ca.clone()) });
        GuacdAddress { host: host.into(), port: self.guacd.local_addr().unwrap().port(), tls }
    }
}

impl Drop for TlsGuacd {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca);
    }
}

#[tokio::test]
async fn sessions_run_over_tls() {
    let guacd = TlsGuacd::start().await;
    let serve = async {
        loop {
            let (stream, _) = guacd.guacd.accept().await.unwrap();
            let Ok(stream) = guacd.acceptor.accept(stream).await else { continue };
            let mut conversation = Conversation::new(Box::new(stream));
            if conversation.hear().await.is_none_or(|(opcode, _)| opcode != "select") {
                continue;
            }
            let list = "4.args,13.VERSION_1_3_0,8.hostname,4.port;";
            conversation.say(list).await;
            while conversation.hear().await.unwrap().0 != "connect" {}
            conversation.say("5.ready,2.$1;3.nop;").await;
            return conversation;
        }
    };
    let (session, _conversation) =
        tokio::join!(open(vec![guacd.address("127.0.0.1", true)]), serve);
    let session = session.unwrap();
    let mut link = crate::fake::owner(&session).await;
    assert_eq!(crate::fake::next(&mut link.reader).await, "3.nop;");
}

#[tokio::test]
async fn a_guacd_with_a_foreign_certificate_is_not_trusted() {
    let guacd = TlsGuacd::start().await;
    for (host, ca) in [("localhost", true), ("127.0.0.1", false)] {
        let serve = async {
            loop {
                let (stream, _) = guacd.guacd.accept().await.unwrap();
                assert!(guacd.acceptor.accept(stream).await.is_err(), "{host} {ca}");
            }
        };
        let opened = tokio::select! {
            opened = open(vec![guacd.address(host, ca)]) => opened,
            () = serve => unreachable!(),
        };
        assert_eq!(opened.err().unwrap().cause, Cause::Untrusted, "{host} {ca}");
    }
}
