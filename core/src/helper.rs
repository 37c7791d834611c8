use std::ffi::OsString;
use std::io;

/// A part of a driver that has to run as a process of its own: the gateway's binary runs it
/// as `fanlight helper NAME ARGUMENTS...`, without configuration.
#[derive(Debug, Clone, Copy)]
pub struct Helper {
    /// Its name: the driver's id, and what it does.
    pub name: &'static str,
    /// What it does with its arguments.
    pub run: fn(Vec<OsString>) -> io::Result<()>,
}

inventory::collect!(Helper);

/// The helper of that name.
pub fn helper(name: &str) -> Option<&'static Helper> {
    inventory::iter::<Helper>().find(|helper| helper.name == name)
}

/// Registers a [`Helper`].
#[macro_export]
macro_rules! register_helper {
    ($name:expr, $run:path) => {
        $crate::inventory::submit! { $crate::Helper { name: $name, run: $run } }
    };
}
