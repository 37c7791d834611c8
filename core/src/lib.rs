//! The words that every part of Fanlight shares: what a protocol driver is, what it
//! turns settings into, and what an embedded client may draw.
//!
//! This crate does no I/O. A driver author needs [`ProtocolDriver`] and what its
//! signatures name; a client for the embedded engine also needs [`EngineClient`],
//! [`Screen`] and [`Canvas`].

mod check;
mod draw;
mod driver;
mod endpoint;
mod engine;
mod error;
mod files;
mod helper;
mod outside;
mod plan;
mod secret;
mod session;
mod settings;

pub use check::check_fields;
pub use draw::{Canvas, Color, Composite, Image, Layer, Painter, Point, Rect, Screen, Viewport};
pub use driver::{
    Capabilities, CheckedSettings, Driver, DriverInfo, NoOptions, Permits, ProtocolDriver,
    Registration, Summary, read_fields, registrations,
};
pub use endpoint::{Endpoint, Hostname, InvalidHostname};
pub use engine::{ClientSession, EngineClient, EngineKind, Host, Input, ViewerId};
pub use error::{Cause, FieldError, SessionError};
pub use files::{
    FileError, FileFault, FilePath, FileReader, FileRights, FileSystem, FileWriter, Files,
    FolderEntry, FolderReader, Opened,
};
pub use helper::{Helper, helper};
pub use outside::{Outside, Visit};
pub use plan::{Origin, Parameter, Parameters, Plan};
pub use secret::Secret;
pub use session::{
    BoxedStream, Dial, HostKey, Resource, Route, SessionCx, Step, StepState, Stream,
};
pub use settings::{
    ColorScheme, DesktopSettings, PlanFields, Restrictions, TERMINAL_TYPE, TerminalSettings,
    Transfers,
};

#[doc(hidden)]
pub use inventory;
