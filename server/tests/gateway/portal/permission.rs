use fanlight::access::Role;
use reqwest::StatusCode;
use serde_json::json;

use super::{refused, service};
use crate::harness::Fixture;
use crate::people::{Person, login};

const NOT_YOURS: &str = "You don't have permission to access this VM";

impl Fixture {
    /// Somebody of these groups.
    async fn member(&self, subject: &str, role: Role, groups: &[&str]) -> Person {
        let mut login = login(subject, role);
        login.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let user = self.gateway.app.store.log_user_in(&login).await.unwrap();
        let cookie = self.browser_of(&user).await;
        Person { user, cookie }
    }
}

#[tokio::test]
async fn the_owner_members_of_its_groups_and_admins_may_open_a_machine() {
    let fixture = Fixture::start().await;
    let (_listener, address) = service();
    let owner = fixture.member("owner", Role::Operator, &[]).await;
    let member = fixture.member("member", Role::Poweruser, &["dev", "ops"]).await;
    let admin = fixture.member("admin", Role::Admin, &[]).await;
    let stranger = fixture.member("stranger", Role::Poweruser, &["Ops", "everybody"]).await;
    let viewer = fixture.member("viewer", Role::Viewer, &["ops"]).await;
    let capped = fixture.token_of(&admin.user, Some(Role::Operator), None).await;
    let of_member = fixture.token_of(&member.user, None, None).await;
    let machine = json!({
        "id": "60d", "owner": owner.email(), "allowed_groups": ["ops"],
        "addresses": [address.ip()],
    });
    fixture.enter(machine).await;
    let body = json!({ "vm_id": "60d", "port": address.port() });
    for (name, who) in [
        ("owner", &owner.cookie),
        ("member", &member.cookie),
        ("a member's token", &of_member),
        ("admin", &admin.cookie),
        ("API key", &fixture.key),
    ] {
        let (status, told) = fixture.portal(who, "ssh", body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{name}: {told}");
    }
    for (name, who) in [
        ("stranger", &stranger.cookie),
        // As everywhere, it takes an operator to open anything.
        ("viewer", &viewer.cookie),
        ("capped token of an admin", &capped),
    ] {
        let answer = fixture.portal(who, "ssh", body.clone()).await;
        assert_eq!(answer, refused(403, NOT_YOURS), "{name}");
    }
}

#[tokio::test]
async fn bar_25_somebody_who_comes_by_the_owners_address_is_not_the_owner() {
    let fixture = Fixture::start().await;
    let owner = fixture.member("owner", Role::Operator, &[]).await;
    fixture.enter(json!({ "id": "60d", "owner": owner.email() })).await;
    let mut again = login("another", Role::Operator);
    again.email = owner.user.email.clone();
    let other = fixture.gateway.app.store.log_user_in(&again).await.unwrap();
    let cookie = fixture.browser_of(&other).await;
    let answer = fixture.portal(&cookie, "ssh", json!({ "vm_id": "60d" })).await;
    assert_eq!(answer, refused(403, NOT_YOURS));
}
