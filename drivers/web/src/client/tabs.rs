//! The browser's tabs, in the order they were opened.

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tab {
    /// Our session with it.
    pub(super) session: String,
    /// The browser's name for it.
    pub(super) target: String,
}

/// All tabs; the last one is shown.
#[derive(Default)]
pub(super) struct Tabs(Vec<Tab>);

impl Tabs {
    pub(super) fn shown(&self) -> Option<&Tab> {
        self.0.last()
    }

    pub(super) fn is_shown(&self, session: &str) -> bool {
        self.shown().is_some_and(|tab| tab.session == session)
    }

    pub(super) fn add(&mut self, tab: Tab) {
        self.0.push(tab);
    }

    pub(super) fn of_session(&self, session: &str) -> Option<&Tab> {
        self.0.iter().find(|tab| tab.session == session)
    }

    /// Forgets a tab. Returns whether it was there.
    pub(super) fn remove(&mut self, session: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|tab| tab.session != session);
        self.0.len() < before
    }
}
