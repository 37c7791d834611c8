use fanlight_core::{Plan, PlanFields};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the desktop finds plugged in. The drive itself is made by the plan.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Devices {
    /// A drive on the remote side, for files to and from the viewer; emptied at the end.
    #[serde(default)]
    #[schemars(title = "Drive for files", extend("x-group" = "Devices"))]
    pub enable_drive: bool,
    /// What the drive is called there, Fanlight if left out.
    #[schemars(title = "Name of the drive", length(min = 1, max = 32), extend("x-group" = "Devices"))]
    pub drive_name: Option<String>,
    /// No sound.
    #[serde(default)]
    #[schemars(title = "No sound", extend("x-group" = "Devices"))]
    pub disable_audio: bool,
    /// Lets programs there hear the viewer's microphone.
    #[serde(default)]
    #[schemars(title = "Microphone", extend("x-group" = "Devices"))]
    pub enable_audio_input: bool,
    /// Hands on touches as touches, not as a mouse.
    #[serde(default)]
    #[schemars(title = "Multi-touch", extend("x-group" = "Devices"))]
    pub enable_touch: bool,
    /// A printer there whose pages arrive as PDF files.
    #[serde(default)]
    #[schemars(title = "Printer", extend("x-group" = "Devices"))]
    pub enable_printing: bool,
    /// What the printer is called there, Fanlight if left out.
    #[schemars(title = "Name of the printer", length(min = 1, max = 64), extend("x-group" = "Devices"))]
    pub printer_name: Option<String>,
    /// Sound stays at the machine itself.
    #[serde(default)]
    #[schemars(title = "Sound stays there", extend("x-group" = "Devices"))]
    pub console_audio: bool,
}

impl PlanFields for Devices {
    fn add_to(&self, plan: Plan) -> Plan {
        let plan = plan
            .set_flag("disable-audio", self.disable_audio)
            .set_flag("console-audio", self.console_audio)
            .set_flag("enable-audio-input", self.enable_audio_input)
            .set_flag("enable-touch", self.enable_touch)
            .set_flag("enable-printing", self.enable_printing)
            .set_some("printer-name", self.printer_name.as_ref());
        if self.enable_printing { plan.default("printer-name", "Fanlight") } else { plan }
    }
}
