use std::time::Instant;

use anyhow::Result;
use fanlight_tests::{Engine, Gateway};

use crate::report::{Row, percentile};

const ROUNDS: usize = 9;

/// Milliseconds from the start of the process to a healthy reply, with a database that
/// is there already.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    let mut gateway = Gateway::start(Engine::Embedded).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        gateway.stop();
        let begin = Instant::now();
        gateway.restart().await?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(vec![Row::alone("start to healthy, ms".into(), percentile(&times, 0.5))])
}
