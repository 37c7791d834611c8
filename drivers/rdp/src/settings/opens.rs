use fanlight_core::{Plan, PlanFields};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is opened on the other side: a session, an application, a machine behind a broker.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Opens {
    /// Takes the machine's own console instead of a session of one's own.
    #[serde(default)]
    #[schemars(title = "Console", extend("x-group" = "Session"))]
    pub console: bool,
    /// Program to start instead of the desktop, where the server allows it.
    #[schemars(title = "First program", length(min = 1, max = 256), extend("x-group" = "Session"))]
    pub initial_program: Option<String>,
    /// What this side calls itself, at most 15 characters.
    #[schemars(title = "Client name", length(min = 1, max = 15), extend("x-group" = "Session"))]
    pub client_name: Option<String>,
    /// A published application to show alone: its alias behind two bars.
    #[schemars(
        title = "Application",
        length(min = 1, max = 256),
        extend("x-group" = "Application", "x-placeholder" = "||notepad")
    )]
    pub remote_app: Option<String>,
    /// Folder that the application starts in.
    #[schemars(title = "Its folder", length(min = 1, max = 512), extend("x-group" = "Application"))]
    pub remote_app_dir: Option<String>,
    /// Words that the application is started with.
    #[schemars(title = "Its arguments", length(min = 1), extend("x-group" = "Application"))]
    pub remote_app_args: Option<String>,
    /// Number of the machine behind a Hyper-V host or another RDP source.
    #[schemars(title = "Preconnection id", range(min = 0), extend("x-group" = "Broker"))]
    pub preconnection_id: Option<u32>,
    /// Text that names the machine behind a Hyper-V host.
    #[schemars(title = "Preconnection text", length(min = 1, max = 1024), extend("x-group" = "Broker"))]
    pub preconnection_blob: Option<String>,
    /// Cookie or routing token for a load balancer.
    #[schemars(title = "Load balancing", length(min = 1, max = 1024), extend("x-group" = "Broker"))]
    pub load_balance_info: Option<String>,
}

impl PlanFields for Opens {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.set_flag("console", self.console)
            .set_some("initial-program", self.initial_program.as_ref())
            .set_some("client-name", self.client_name.as_ref())
            .set_some("remote-app", self.remote_app.as_ref())
            .set_some("remote-app-dir", self.remote_app_dir.as_ref())
            .set_some("remote-app-args", self.remote_app_args.as_ref())
            .set_some("preconnection-id", self.preconnection_id)
            .set_some("preconnection-blob", self.preconnection_blob.as_ref())
            .set_some("load-balance-info", self.load_balance_info.as_ref())
            .default("client-name", "Fanlight")
    }
}
