//! The helpers of this driver alone, called as the gateway's binary calls them: for tests
//! of this crate, which have no gateway.

use std::ffi::OsString;
use std::io;

use fanlight_driver_web as _;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let called = (arguments.next(), arguments.next());
    let (Some("helper"), Some(name)) = (called.0.as_deref().and_then(|a| a.to_str()), called.1)
    else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let helper = name.to_str().and_then(fanlight_core::helper).ok_or(io::ErrorKind::NotFound)?;
    (helper.run)(arguments.collect::<Vec<OsString>>())
}
