//! What the driver's own client makes of targets that mean no good. A driver without a
//! client leaves them to guacd.

use std::time::Duration;

use fanlight_core::{EngineKind, SessionError};
use serde_json::{Map, Value};

use super::{Verdict, hold};
use crate::stage::{Stage, Target};
use crate::{Subject, TestCx};

/// Most memory that a flood may take, in bytes: less than the flood.
const MOST_GROWTH: usize = 12 * 1024 * 1024;
/// How long a session lives before it is dropped.
const LIFE: Duration = Duration::from_secs(3);

/// A refused connection is an error, and the client dials its route and nothing else.
pub(super) async fn refusing(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Refuses).await? {
        hold(stage.dialled > 0 || stage.shown, || "the client does not dial its route".into())?;
        must_fail(&stage, "refuses")?;
    }
    Ok(())
}

/// A target that hangs up without a word is an error.
pub(super) async fn closing(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Closes).await? {
        must_fail(&stage, "hangs up at once")?;
    }
    Ok(())
}

/// A target that says nothing is an error within a limit, unless a person sees it and can
/// decide.
pub(super) async fn silent(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Silent).await? {
        fails_or_shows(&stage, "says nothing")?;
    }
    Ok(())
}

/// A target that says a byte a second does not stretch the limit.
pub(super) async fn slow(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Slow).await? {
        fails_or_shows(&stage, "says one byte a second")?;
    }
    Ok(())
}

/// Nonsense is no panic and no endless wait.
pub(super) async fn garbage(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Garbage).await? {
        ends_or_shows(&stage, "says nonsense")?;
    }
    Ok(())
}

/// What a target sends is not kept.
pub(super) async fn flood(subject: &Subject) -> Verdict {
    for stage in play(subject, Target::Floods).await?.into_iter().take(1) {
        ends_or_shows(&stage, "floods")?;
        let mebibytes = stage.growth >> 20;
        hold(stage.growth <= MOST_GROWTH, || {
            format!("a flood of 24 MiB takes {mebibytes} MiB: what is buffered needs a bound")
        })?;
    }
    Ok(())
}

/// Dropping `run` closes the connection: that is how a session is cut.
pub(super) async fn cut(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        if playable(subject, &example).await {
            let stage = Stage::play_for(subject, &example, Target::Slow, LIFE).await?;
            hold(stage.cut, || "its connection outlives a session that was dropped".into())?;
        }
    }
    Ok(())
}

async fn play(subject: &Subject, target: Target) -> Result<Vec<Stage>, String> {
    let mut stages = Vec::new();
    if subject.driver.client().is_none() {
        return Ok(stages);
    }
    for example in subject.examples() {
        if playable(subject, &example).await {
            stages.push(Stage::play(subject, &example, target).await?);
        }
    }
    let is_played = !stages.is_empty();
    hold(is_played, || "the embedded engine can play no example".into())?;
    Ok(stages)
}

/// Whether the driver has a client, and a plan of these settings for it.
pub(super) async fn playable(subject: &Subject, example: &Map<String, Value>) -> bool {
    if subject.driver.client().is_none() {
        return false;
    }
    let cx = TestCx::new(EngineKind::Embedded);
    let is_planned = subject.plan(example, &cx).await.is_ok();
    cx.release().await;
    is_planned
}

fn must_fail(stage: &Stage, how: &str) -> Verdict {
    match &stage.ending {
        Some(Err(error)) => has_words(error),
        Some(Ok(())) => Err(format!("a target that {how} counts as a session that ended well")),
        None => Err(format!("a target that {how} does not end the session")),
    }
}

fn fails_or_shows(stage: &Stage, how: &str) -> Verdict {
    match &stage.ending {
        None if stage.shown => Ok(()),
        None => Err(format!("a target that {how} is waited for without a limit")),
        _ => must_fail(stage, how),
    }
}

fn ends_or_shows(stage: &Stage, how: &str) -> Verdict {
    match &stage.ending {
        Some(Ok(())) => Ok(()),
        _ => fails_or_shows(stage, how),
    }
}

fn has_words(error: &SessionError) -> Verdict {
    hold(!error.message.trim().is_empty(), || format!("the error {:?} has no words", error.cause))
}
