use std::time::{Duration, Instant};

use fanlight_core::{Cause, SessionError, Step, StepState};
use serde::Serialize;
use tokio::sync::watch;

use super::advice::advice;

/// More steps than any way to a screen has; a client that reports without end is cut off.
const MOST_STEPS: usize = 64;

/// The connect ladder of one session: each step with the time it took. The step that is
/// under way is always the last.
#[derive(Debug)]
pub struct Ladder(watch::Sender<Vec<Rung>>);

/// One step of the ladder.
#[derive(Debug, Clone)]
struct Rung {
    name: String,
    state: StepState,
    began: Instant,
    took: Option<Duration>,
    failure: Option<SessionError>,
}

/// One step, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StepView {
    /// What is being done.
    pub name: String,
    /// `running`, `done` or `failed`.
    #[schema(value_type = String)]
    pub state: StepState,
    /// How long it took; for a running step, how long it has been running.
    pub milliseconds: u64,
    /// What kind of failure, for a step that failed: `refused`, `timed_out`, `login_failed`...
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cause: Option<Cause>,
    /// What happened, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Rung {
    fn close(&mut self, state: StepState) {
        if self.state == StepState::Running {
            self.state = state;
            self.took = Some(self.began.elapsed());
        }
    }

    fn view(&self) -> StepView {
        let took = self.took.unwrap_or_else(|| self.began.elapsed());
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let failure = self.failure.as_ref();
        StepView {
            name: self.name.clone(),
            state: self.state,
            milliseconds,
            cause: failure.map(|error| error.cause),
            message: failure.map(|error| error.message.clone()),
            advice: failure.map(|error| advice(error.cause).to_owned()),
        }
    }
}

impl Default for Ladder {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl Ladder {
    /// Records a step; the one before it is done. A step that ends under the name of the
    /// running one closes it.
    pub fn step(&self, step: Step) {
        self.0.send_modify(|rungs| {
            if let Some(last) = rungs.last_mut() {
                let closes_last = last.name == step.name && step.state != StepState::Running;
                last.close(if closes_last { step.state } else { StepState::Done });
                if closes_last {
                    return;
                }
            }
            if rungs.len() < MOST_STEPS {
                rungs.push(Rung {
                    took: (step.state != StepState::Running).then_some(Duration::ZERO),
                    name: step.name,
                    state: step.state,
                    began: Instant::now(),
                    failure: None,
                });
            }
        });
    }

    /// Begins a step.
    pub fn begin(&self, name: impl Into<String>) {
        self.step(Step::running(name));
    }

    /// Closes the running step, if there is one.
    pub fn close(&self, state: StepState) {
        self.0.send_if_modified(|rungs| match rungs.last_mut() {
            Some(last) if last.state == StepState::Running => {
                last.close(state);
                true
            }
            _ => false,
        });
    }

    /// Closes the step that is under way: `error` broke it off. Where there is none, the
    /// failure is of the session itself, and no step's.
    pub fn fail(&self, error: &SessionError) {
        self.0.send_modify(|rungs| {
            if let Some(last) = rungs.last_mut().filter(|last| last.state == StepState::Running) {
                last.close(StepState::Failed);
                last.failure = Some(error.clone());
            }
        });
    }

    /// All steps so far.
    pub fn view(&self) -> Vec<StepView> {
        self.0.borrow().iter().map(Rung::view).collect()
    }

    /// Follows the ladder from its foot.
    pub fn watch(&self) -> LadderWatch {
        let mut receiver = self.0.subscribe();
        receiver.mark_changed();
        LadderWatch { receiver: Some(receiver), told: Vec::new() }
    }
}

/// One viewer's memory of what it has been told of a ladder. The default one is told
/// nothing: steps name hosts, which are not every viewer's business.
#[derive(Default)]
pub struct LadderWatch {
    receiver: Option<watch::Receiver<Vec<Rung>>>,
    told: Vec<StepState>,
}

impl LadderWatch {
    /// Waits until there is something new. Cancel safe. Never returns once the session
    /// is gone.
    pub async fn changed(&mut self) {
        let changed = match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// The steps that are new or changed since the last call, with their index.
    pub fn news(&mut self) -> Vec<(usize, StepView)> {
        let Some(receiver) = &mut self.receiver else { return Vec::new() };
        let rungs = receiver.borrow_and_update();
        let fresh: Vec<_> = rungs
            .iter()
            .enumerate()
            .filter(|(index, rung)| self.told.get(*index) != Some(&rung.state))
            .map(|(index, rung)| (index, rung.view()))
            .collect();
        self.told = rungs.iter().map(|rung| rung.state).collect();
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(ladder: &Ladder) -> Vec<StepState> {
        ladder.view().iter().map(|step| step.state).collect()
    }

    #[test]
    fn a_new_step_closes_the_one_before() {
        let ladder = Ladder::default();
        ladder.begin("a");
        ladder.begin("b");
        assert_eq!(states(&ladder), [StepState::Done, StepState::Running]);
        ladder.step(Step { name: "b".into(), state: StepState::Done });
        ladder.close(StepState::Failed);
        assert_eq!(states(&ladder), [StepState::Done, StepState::Done]);
    }

    #[test]
    fn a_step_that_fails_says_why_and_what_to_do() {
        let ladder = Ladder::default();
        ladder.begin("a");
        ladder.begin("b");
        ladder.fail(&SessionError::new(Cause::Refused, "b said no."));
        ladder.fail(&SessionError::new(Cause::Lost, "too late to count"));
        let steps = ladder.view();
        assert_eq!((steps[0].cause, &steps[0].advice), (None, &None));
        assert_eq!((steps[1].state, steps[1].cause), (StepState::Failed, Some(Cause::Refused)));
        assert_eq!(steps[1].message.as_deref(), Some("b said no."));
        assert!(steps[1].advice.is_some());
    }

    #[test]
    fn a_watch_tells_each_change_once() {
        let ladder = Ladder::default();
        ladder.begin("a");
        let mut watch = ladder.watch();
        assert_eq!(watch.news().len(), 1);
        assert!(watch.news().is_empty());
        ladder.begin("b");
        let news: Vec<_> = watch.news().iter().map(|(i, s)| (*i, s.state)).collect();
        assert_eq!(news, [(0, StepState::Done), (1, StepState::Running)]);
    }

    #[test]
    fn a_ladder_is_bounded() {
        let ladder = Ladder::default();
        (0..1000).for_each(|n| ladder.begin(n.to_string()));
        assert_eq!(ladder.view().len(), MOST_STEPS);
    }
}
