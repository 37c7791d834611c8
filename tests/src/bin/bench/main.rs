//! Measures Fanlight's embedded engine against guacd 1.3.0 through the same gateway, in
//! one run on one machine, and writes docs/benchmarks.md. `cargo xtask bench` builds and
//! runs it.

mod authentication;
mod latency;
mod load;
mod login;
mod memory;
mod output;
mod processes;
mod recording;
mod relay;
mod report;
mod scene;
mod scrolling;
mod start;
mod watchers;
mod web;

use anyhow::{Result, ensure};

use crate::report::{Report, Row};

const FIGURES: [&str; 11] = [
    "memory",
    "output",
    "scrolling",
    "latency",
    "watchers",
    "login",
    "relay",
    "authentication",
    "recording",
    "web",
    "start",
];

/// Takes minutes, and compares nothing: measured where it is asked for by name.
const ON_REQUEST: &str = "load";

#[tokio::main]
async fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for name in &wanted {
        let all = FIGURES.join(", ");
        let known = FIGURES.contains(&name.as_str()) || name == ON_REQUEST;
        ensure!(known, "{name} is none of: {all}, {ON_REQUEST}");
    }
    let mut rows = Vec::new();
    for figure in FIGURES.into_iter().chain([ON_REQUEST]) {
        if (wanted.is_empty() && figure != ON_REQUEST) || wanted.iter().any(|name| name == figure) {
            eprintln!("measuring {figure}");
            rows.extend(measure(figure).await?);
        }
    }
    let report = Report::new(rows)?;
    report.print();
    if wanted.is_empty() {
        report.write()?;
    }
    Ok(())
}

async fn measure(figure: &str) -> Result<Vec<Row>> {
    match figure {
        "memory" => memory::measure().await,
        "output" => output::measure().await,
        "scrolling" => scrolling::measure().await,
        "watchers" => watchers::measure().await,
        "latency" => latency::measure().await,
        "login" => login::measure().await,
        "relay" => relay::measure().await,
        ON_REQUEST => load::measure().await,
        "recording" => recording::measure().await,
        "web" => web::measure().await,
        "authentication" => authentication::measure().await,
        _ => start::measure().await,
    }
}
