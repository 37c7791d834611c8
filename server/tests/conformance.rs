//! Every driver of the binary, held to the rules that all keep. Alone in its process: one
//! rule counts open files.

use std::path::Path;

use fanlight as _;
use fanlight_core::registrations;

#[test]
fn every_registered_driver_keeps_the_rules() {
    let drivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers");
    let registered = registrations();
    assert!(!registered.is_empty());
    for driver in registered {
        fanlight_conformance::check(drivers.join(driver.info.id));
    }
}
