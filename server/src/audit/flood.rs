use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

use super::event::{Action, Event};

/// Kinds of refusals that are told apart within one period. With the first of each kind,
/// its repetitions and the rest this bounds the rows of a period to twice as many and one.
const MOST_KINDS: usize = 100;

type Kind = (Action, Option<IpAddr>, Option<String>);

/// Lets the first refusal of each kind through and counts those that follow, so that
/// somebody who tries keys by the thousand fills neither the table nor the disk.
#[derive(Default)]
pub(super) struct FloodGate(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    kinds: HashMap<Kind, (Event, u64)>,
    beyond: HashMap<Action, u64>,
}

impl FloodGate {
    /// The event, if it is to be kept by itself; else it is counted.
    pub(super) fn admit(&self, event: Event) -> Option<Event> {
        let mut counts = self.0.lock();
        let kind = event.kind();
        if let Some((_, repeated)) = counts.kinds.get_mut(&kind) {
            *repeated += 1;
            return None;
        }
        if counts.kinds.len() >= MOST_KINDS {
            *counts.beyond.entry(kind.0).or_default() += 1;
            return None;
        }
        counts.kinds.insert(kind, (event.clone(), 0));
        Some(event)
    }

    /// Begins a new period; what was counted in the last one.
    pub(super) fn drain(&self) -> Vec<Event> {
        let Counts { kinds, beyond } = std::mem::take(&mut *self.0.lock());
        let repeated = kinds.into_values().filter(|(_, repeated)| *repeated > 0);
        let repeated = repeated.map(|(event, count)| event.detail("repeated", count));
        let beyond = beyond.into_iter().map(|(action, count)| {
            Event::new(action).refused().detail("repeated", count).detail("from", "many addresses")
        });
        repeated.chain(beyond).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_from(last: u8) -> Event {
        Event::new(Action::SignInRefused).refused().from([192, 0, 2, last].into())
    }

    #[test]
    fn a_flood_of_refusals_is_one_row_and_a_count() {
        let gate = FloodGate::default();
        assert!(gate.admit(refused_from(1)).is_some());
        for _ in 0..999 {
            assert!(gate.admit(refused_from(1)).is_none());
        }
        assert!(gate.admit(refused_from(2)).is_some(), "another address is told at once");
        let told = gate.drain();
        assert_eq!(told.len(), 1);
        assert!(told[0].clone().into_row().details.contains("\"repeated\":\"999\""));
        assert!(gate.drain().is_empty());
        assert!(gate.admit(refused_from(1)).is_some(), "a new period begins anew");
    }

    #[test]
    fn a_flood_from_many_addresses_is_bounded_too() {
        let gate = FloodGate::default();
        let written = (0..=255).filter_map(|last| gate.admit(refused_from(last))).count();
        assert_eq!(written, MOST_KINDS);
        let told = gate.drain();
        assert_eq!(told.len(), 1);
        assert!(told[0].clone().into_row().details.contains("\"repeated\":\"156\""));
    }
}
