use std::fmt;

use crate::{PlanFields, Route, Secret};

/// Who wants a parameter: decides what happens when the engine does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The request or entry set it: an engine that lacks it must fail the session.
    Requested,
    /// The driver's default: an engine that lacks it may run without.
    Default,
}

/// One named guacd parameter ("Configuring Guacamole" in the Guacamole manual).
#[derive(Clone)]
pub struct Parameter {
    /// Name as guacd lists it in `args`.
    pub name: &'static str,
    /// Value. Always kept as a secret: passwords and user names travel alike.
    pub value: Secret<String>,
    /// Who set it.
    pub origin: Origin,
}

/// Parameters by name; a later value replaces an earlier one.
#[derive(Clone, Default)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// The value of `name`, if set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|p| p.name == name).map(|p| p.value.expose().as_str())
    }

    /// Whether `name` is set to guacd's word for yes.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// All parameters, in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// Keeps those that `keep` says yes to.
    pub fn retain(&mut self, keep: impl FnMut(&Parameter) -> bool) {
        self.0.retain(keep);
    }

    fn put(&mut self, parameter: Parameter) {
        match self.0.iter_mut().find(|p| p.name == parameter.name) {
            Some(slot) => *slot = parameter,
            None => self.0.push(parameter),
        }
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|p| p.name)).finish()
    }
}

/// What a driver makes of settings: the guacd protocol to select, its parameters,
/// and the route to the target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Protocol name for `select`; the embedded engine finds its client by it.
    pub protocol: &'static str,
    /// Parameters for `connect`, by name.
    pub parameters: Parameters,
    /// How the embedded client reaches the target; guacd is told its address.
    pub target: Option<Route>,
}

impl Plan {
    /// A plan for `protocol` without parameters.
    pub fn new(protocol: &'static str) -> Self {
        Self { protocol, parameters: Parameters::default(), target: None }
    }

    /// Connects to `route`: keeps it for the embedded client and sets `hostname` and
    /// `port` to the address that was checked, where it has one.
    #[must_use]
    pub fn target(mut self, route: Route) -> Self {
        if let Some(address) = route.address {
            self = self
                .set("hostname", address.ip().to_string())
                .set("port", address.port().to_string());
        }
        self.target = Some(route);
        self
    }

    /// Adds what these fields ask for.
    #[must_use]
    pub fn with(self, fields: &impl PlanFields) -> Self {
        fields.add_to(self)
    }

    /// Sets a parameter that was asked for.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = Secret::new(value.into());
        self.parameters.put(Parameter { name, value, origin: Origin::Requested });
        self
    }

    /// Sets a parameter that was asked for, if it was.
    #[must_use]
    pub fn set_some<T: ToString>(self, name: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.set(name, value.to_string()),
            None => self,
        }
    }

    /// Sets a parameter from a secret, if there is one.
    #[must_use]
    pub fn set_secret(self, name: &'static str, value: Option<&Secret>) -> Self {
        match value {
            Some(value) => self.set(name, value.expose().as_str()),
            None => self,
        }
    }

    /// Sets a switch to `true`, if it is on. guacd reads an absent switch as off.
    #[must_use]
    pub fn set_flag(self, name: &'static str, on: bool) -> Self {
        if on { self.set(name, "true") } else { self }
    }

    /// Sets a parameter to the driver's default, unless it is set already.
    #[must_use]
    pub fn default(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if self.parameters.get(name).is_none() {
            let value = Secret::new(value.into());
            self.parameters.put(Parameter { name, value, origin: Origin::Default });
        }
        self
    }
}
