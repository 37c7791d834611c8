use fanlight_core::Host;

use super::Effects;

impl Effects {
    /// Tells the host everything that concerns viewers; returns what the remote side has
    /// to be sent.
    pub fn report(self, host: &dyn Host) -> Vec<u8> {
        if self.changed {
            host.changed();
        }
        if let Some(text) = self.clipboard {
            host.clipboard(text);
        }
        if let Some(title) = self.title {
            host.title(title);
        }
        if self.bell {
            host.bell();
        }
        self.to_remote
    }
}
