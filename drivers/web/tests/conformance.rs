//! The rules that all drivers keep.

use fanlight_driver_web as _;

#[test]
fn the_driver_keeps_the_rules() {
    fanlight_conformance::check(env!("CARGO_MANIFEST_DIR"));
}
