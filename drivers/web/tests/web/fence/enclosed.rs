//! Programs in an enclosure.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fanlight_driver_web::fence::{Enclosure, Rules};
use tokio::process::Command;
use tokio::time::timeout;

use crate::home::{Home, NOBODY, is_root, serving};
use crate::world::{Site, World};

const PATIENCE: Duration = Duration::from_secs(60);

/// What a shell script says in an enclosure whose proxy lets it at `app.test`.
async fn script(world: &Arc<World>, script: &str, arguments: &[&str]) -> Output {
    let home = Home::new();
    let rules = Rules::only(vec!["app.test".parse().unwrap()]);
    let arguments = [&["-c", script, "bash"], arguments].concat();
    let serve = serving(Arc::clone(world), rules);
    let (child, _fenced) = home.start("bash", &arguments, true, serve).await;
    timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn bar_42_the_proxy_is_the_only_way_out() {
    let world = Arc::<World>::default();
    let site = Site::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
    world.add("app.test", site.address);
    let SocketAddr::V4(address) = site.address else { panic!() };
    let said = script(
        &world,
        r#"
        direct() { exec 3<>"/dev/tcp/$1/$2" && echo "reached $1"; }
        for host in 127.0.0.1 ::1 10.0.0.1 192.0.2.1 localhost; do direct $host "$1"; done
        exec 3<>"/dev/tcp/${2%:*}/${2#*:}" || exit 1
        printf 'GET http://app.test/ HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n' >&3
        cat <&3
        "#,
        &[&address.port().to_string(), "{proxy}"],
    )
    .await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("hi"), "{said:?}");
    assert_eq!(site.heard.lock().len(), 1);
}

#[tokio::test]
async fn what_runs_inside_is_unprivileged_and_sees_one_network_card() {
    let looks = "id -u; grep -E '^(Cap(Eff|Prm|Amb|Inh)|NoNewPrivs)' /proc/self/status; \
                 tail -n +3 /proc/net/dev | wc -l";
    let said = script(&Arc::default(), looks, &[]).await;
    let text = String::from_utf8_lossy(&said.stdout).replace('\t', " ");
    let nothing = "0000000000000000";
    let uid = if is_root() { NOBODY.uid } else { rustix::process::geteuid().as_raw() };
    let expected = format!(
        "{uid}\nCapInh: {nothing}\nCapPrm: {nothing}\nCapEff: {nothing}\nCapAmb: {nothing}\n\
         NoNewPrivs: 1\n1\n"
    );
    assert_eq!(text, expected, "{said:?}");
}

#[tokio::test]
async fn bar_68_all_that_was_started_inside_ends_with_the_command() {
    let home = Home::new();
    let name = format!("{}", 86_400 + std::process::id());
    let rules = Rules::only(Vec::new());
    let script = format!("(setsid sleep {name} &) ; sleep {name}");
    let serve = serving(Arc::default(), rules);
    let (mut child, _fenced) = home.start("bash", &["-c", &script], true, serve).await;
    let running = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| *line == format!("sleep\0{name}\0").into_bytes()).count()
    };
    let wait_for = async |count: usize| {
        while running() != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait_for(2)).await.unwrap();
    child.kill().await.unwrap();
    timeout(Duration::from_secs(2), wait_for(0)).await.unwrap();
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_noticed() {
    let helper = Path::new("/etc/passwd");
    let enclosure = Enclosure { gateway: helper, account: is_root().then_some(NOBODY) };
    let (command, gate) = enclosure.command(Path::new("true"), [], Vec::new()).unwrap();
    let mut command = Command::from(command);
    let child = command.stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    drop(command);
    assert!(timeout(PATIENCE, gate.listener()).await.unwrap().is_err());
    drop(child);
}
