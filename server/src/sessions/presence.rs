use std::collections::BTreeMap;
use std::sync::Arc;

use fanlight_core::{Cause, SessionError};
use fanlight_engine::link::ViewerAccess;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::ShareMode;
use crate::config::ViewerLimits;

/// What let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Being the session's owner.
    Owner,
    /// A share link.
    Share,
    /// Being an admin who watches.
    Watch,
}

/// How somebody comes in.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Name for people.
    pub name: String,
    /// What they may do, at first.
    pub access: ViewerAccess,
    /// What lets them in.
    pub via: Via,
    /// The share that they followed.
    pub share: Option<Uuid>,
    /// When they have to leave at the latest.
    pub until: Option<OffsetDateTime>,
    /// Whether only admins are told of them.
    pub hidden: bool,
}

impl Entrance {
    /// Somebody who owns the session.
    pub fn owner(name: impl Into<String>) -> Self {
        let name = name.into();
        let access = ViewerAccess::Own;
        Self { name, access, via: Via::Owner, share: None, until: None, hidden: false }
    }
}

/// Somebody who looks at a session, by one socket.
pub struct Person {
    /// Of the socket, not of the person.
    pub id: Uuid,
    /// How they came in.
    pub entrance: Entrance,
    since: OffsetDateTime,
    access: watch::Sender<ViewerAccess>,
    dismissed: watch::Sender<Option<SessionError>>,
}

/// Somebody who looks at a session, as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonView {
    /// Of the socket, not of the person.
    pub viewer_id: Uuid,
    /// Name for people.
    pub name: String,
    /// What they may do now: `own`, `interact` or `view`.
    #[schema(value_type = String)]
    pub mode: &'static str,
    /// What let them in.
    pub via: Via,
    /// The share that they followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_id: Option<Uuid>,
    /// When they came.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

impl Person {
    fn new(entrance: Entrance) -> Self {
        Self {
            id: Uuid::new_v4(),
            since: OffsetDateTime::now_utc(),
            access: watch::Sender::new(entrance.access),
            dismissed: watch::Sender::new(None),
            entrance,
        }
    }

    /// What they may do now.
    pub fn access(&self) -> ViewerAccess {
        *self.access.borrow()
    }

    /// Sends them away; `why` is what they are told.
    pub(super) fn dismiss(&self, why: SessionError) {
        self.dismissed.send_replace(Some(why));
    }

    /// Resolves when they have to leave, with what they are told.
    pub(super) async fn dismissed(&self) -> SessionError {
        let mut dismissed = self.dismissed.subscribe();
        let sent_away = async {
            let said = dismissed.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
            match said {
                Some(why) => why,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            why = sent_away => why,
            () = time_is_up(self.entrance.until) => {
                SessionError::new(Cause::Expired, "The share link has expired.")
            }
        }
    }

    /// Resolves when they may do something else than `known`.
    pub(super) async fn access_other_than(&self, known: ViewerAccess) {
        let mut access = self.access.subscribe();
        if access.wait_for(|access| *access != known).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn view(&self) -> PersonView {
        PersonView {
            viewer_id: self.id,
            name: self.entrance.name.clone(),
            mode: match self.access() {
                ViewerAccess::Own => "own",
                ViewerAccess::Interact => ShareMode::Interact.as_str(),
                ViewerAccess::View => ShareMode::View.as_str(),
            },
            via: self.entrance.via,
            share_id: self.entrance.share,
            since: self.since,
        }
    }
}

async fn time_is_up(until: Option<OffsetDateTime>) {
    let Some(until) = until else { return std::future::pending().await };
    let left = until - OffsetDateTime::now_utc();
    tokio::time::sleep(left.try_into().unwrap_or_default()).await;
}

/// Everybody who looks at a session.
pub struct Presence(watch::Sender<BTreeMap<Uuid, Arc<Person>>>);

impl Default for Presence {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }
}

impl Presence {
    /// Lets somebody in; `None` where there are as many as may be. Each is told to all others,
    /// so that without a limit one share link would do for a flood.
    pub(super) fn enter(&self, entrance: Entrance, limits: ViewerLimits) -> Option<Arc<Person>> {
        let person = Arc::new(Person::new(entrance));
        let entered = self.0.send_if_modified(|all| {
            let has_room = has_room(all, &person.entrance, limits);
            if has_room {
                all.insert(person.id, Arc::clone(&person));
            }
            has_room
        });
        entered.then_some(person)
    }

    pub(super) fn leave(&self, id: Uuid) {
        self.0.send_modify(|all| drop(all.remove(&id)));
    }

    /// How many sockets there are.
    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// One of them.
    pub fn find(&self, id: Uuid) -> Option<Arc<Person>> {
        self.0.borrow().get(&id).cloned()
    }

    /// Those who followed that share.
    pub(super) fn of_share(&self, share: Uuid) -> Vec<Arc<Person>> {
        let is_of = |person: &&Arc<Person>| person.entrance.share == Some(share);
        self.0.borrow().values().filter(is_of).cloned().collect()
    }

    /// Everybody, the first who came first; those who are hidden only where `all`.
    pub fn view(&self, all: bool) -> Vec<PersonView> {
        views(&self.0.borrow(), all)
    }

    /// Lets somebody do more or less from now on.
    pub(super) fn set_access(&self, person: &Person, access: ViewerAccess) {
        person.access.send_replace(access);
        // Nobody came or went, but there is something to tell.
        self.0.send_modify(|_| {});
    }

    /// Follows who is there, for somebody who is.
    pub(super) fn watch(&self, sees_all: bool) -> PresenceWatch {
        let mut receiver = self.0.subscribe();
        receiver.mark_changed();
        PresenceWatch { receiver, sees_all, told: Vec::new() }
    }
}

fn has_room(all: &BTreeMap<Uuid, Arc<Person>>, entrance: &Entrance, limits: ViewerLimits) -> bool {
    let owns = |entrance: &Entrance| entrance.via == Via::Owner;
    let there = || all.values().map(|person| &person.entrance);
    let alike = there().filter(|other| owns(other) == owns(entrance)).count();
    let of_share = |share| there().filter(|other| other.share == Some(share)).count();
    alike < limits.per_session
        && entrance.share.is_none_or(|share| of_share(share) < limits.per_share)
}

fn views(all: &BTreeMap<Uuid, Arc<Person>>, sees_all: bool) -> Vec<PersonView> {
    let shown = all.values().filter(|person| sees_all || !person.entrance.hidden);
    let mut views: Vec<_> = shown.map(|person| person.view()).collect();
    views.sort_by_key(|view| view.since);
    views
}

/// One viewer's memory of what it was told of who is there.
pub(super) struct PresenceWatch {
    receiver: watch::Receiver<BTreeMap<Uuid, Arc<Person>>>,
    sees_all: bool,
    told: Vec<PersonView>,
}

impl PresenceWatch {
    /// Waits until there may be something new. Cancel safe.
    pub(super) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Everybody who is there, unless that was told already.
    pub(super) fn news(&mut self) -> Option<&[PersonView]> {
        let now = views(&self.receiver.borrow_and_update(), self.sees_all);
        if now == self.told {
            return None;
        }
        self.told = now;
        Some(&self.told)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    const LIMITS: ViewerLimits = ViewerLimits { per_session: 3, per_share: 2 };

    fn enter(presence: &Presence, entrance: Entrance) -> Arc<Person> {
        presence.enter(entrance, LIMITS).expect("there is room")
    }

    #[test]
    fn guests_are_limited_by_link_and_in_all_and_do_not_shut_the_owner_out() {
        let presence = Presence::default();
        let by = |share| Entrance { via: Via::Share, share: Some(share), ..guest("Bob", false) };
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = enter(&presence, by(one));
        enter(&presence, by(one));
        let mut owner = presence.watch(true);
        assert_eq!(owner.news().map(<[_]>::len), Some(2));
        assert!(presence.enter(by(one), LIMITS).is_none(), "the link's places are taken");
        assert!(owner.news().is_none(), "nobody is told of who was not let in");
        enter(&presence, by(other));
        assert!(presence.enter(by(other), LIMITS).is_none(), "the session's are");
        assert!(presence.enter(guest("Boss", false), LIMITS).is_none());
        enter(&presence, Entrance::owner("Ada"));
        presence.leave(first.id);
        enter(&presence, by(one));
    }

    fn guest(name: &str, hidden: bool) -> Entrance {
        let (access, via) = (ViewerAccess::View, Via::Watch);
        Entrance { access, via, hidden, ..Entrance::owner(name) }
    }

    #[test]
    fn who_is_hidden_is_told_to_admins_only() {
        let presence = Presence::default();
        let (mut owner, mut admin) = (presence.watch(false), presence.watch(true));
        enter(&presence, Entrance::owner("Ada"));
        assert_eq!(owner.news().map(<[_]>::len), Some(1));
        enter(&presence, guest("Boss", true));
        assert!(owner.news().is_none(), "not even that something changed");
        assert_eq!(admin.news().map(<[_]>::len), Some(2));
    }

    #[test]
    fn a_change_of_access_is_news() {
        let presence = Presence::default();
        let person = enter(&presence, guest("Bob", false));
        let mut watch = presence.watch(false);
        assert_eq!(watch.news().map(|all| all[0].mode), Some("view"));
        presence.set_access(&person, ViewerAccess::Interact);
        assert_eq!(watch.news().map(|all| all[0].mode), Some("interact"));
        presence.leave(person.id);
        assert_eq!(watch.news(), Some(&[][..]));
    }

    #[tokio::test(start_paused = true)]
    async fn bar_18a_who_came_by_a_share_leaves_with_it() {
        let until = OffsetDateTime::now_utc() + time::Duration::seconds(30);
        let person = Person::new(Entrance { until: Some(until), ..guest("Bob", false) });
        assert_eq!(person.dismissed().await.cause, Cause::Expired);
        person.dismiss(SessionError::new(Cause::Denied, "It was withdrawn."));
        assert_eq!(person.dismissed().await.message, "It was withdrawn.");
    }
}
