use fanlight_core::{Cause, Origin, Parameters, Plan, SessionError};

/// Newest version of the protocol that is spoken here.
const OURS: Version = Version(1, 5, 0);
/// Parameters that guacd reads anew from each viewer that joins.
const PER_VIEWER: [&str; 6] = [
    "read-only",
    "disable-copy",
    "disable-paste",
    "disable-download",
    "disable-upload",
    "enable-touch",
];

/// A version of the Guacamole protocol: `VERSION_1_5_0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u16, u16, u16);

impl Version {
    /// The first one that knows the `timezone` instruction.
    pub(super) const TIMEZONE: Self = Self(1, 1, 0);

    fn parse(word: &str) -> Option<Self> {
        let mut numbers = word.strip_prefix("VERSION_")?.split('_').map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok);
        Some(Self(next()?, next()?, next()?))
    }

    fn word(self) -> String {
        format!("VERSION_{}_{}_{}", self.0, self.1, self.2)
    }
}

/// What a guacd's `args` lists: its version and the parameters of the protocol.
#[derive(Debug)]
pub(super) struct Listing {
    names: Vec<String>,
    theirs: Option<Version>,
}

impl Listing {
    pub(super) fn new(names: Vec<String>) -> Self {
        let theirs = names.first().and_then(|word| Version::parse(word));
        Self { names, theirs }
    }

    /// The version that both sides speak; versions before 1.1.0 do not say theirs.
    pub(super) fn version(&self) -> Version {
        self.theirs.map_or(Version(1, 0, 0), |theirs| theirs.min(OURS))
    }

    /// The values of a `connect` that starts `plan`, in the order of the list.
    ///
    /// # Errors
    /// `EngineLacksParameter` where something was asked for that is not listed.
    pub(super) fn values(&self, plan: &Plan, address: &str) -> Result<Values, SessionError> {
        let listed = |name: &str| self.names.iter().any(|listed| listed == name);
        let asked_for = plan.parameters.iter().filter(|p| p.origin == Origin::Requested);
        let lacking: Vec<_> = asked_for.map(|p| p.name).filter(|name| !listed(name)).collect();
        if lacking.is_empty() {
            return Ok(self.fill(|name| plan.parameters.get(name).unwrap_or_default()));
        }
        Err(SessionError::new(
            Cause::EngineLacksParameter,
            format!(
                "guacd at {address} does not support {} for {}. Leave it out, or use a newer \
                 guacd or the embedded engine.",
                lacking.join(", "),
                plan.protocol
            ),
        ))
    }

    /// The values of a `connect` that joins a session which runs with `parameters`.
    pub(super) fn joining(&self, parameters: &Parameters, read_only: bool) -> Values {
        self.fill(|name| match name {
            "read-only" if read_only => "true",
            name if PER_VIEWER.contains(&name) => parameters.get(name).unwrap_or_default(),
            _ => "",
        })
    }

    fn fill<'a>(&self, value: impl Fn(&str) -> &'a str) -> Values {
        let values = self.names.iter().enumerate().map(|(index, name)| match self.theirs {
            Some(_) if index == 0 => self.version().word(),
            _ => value(name).to_owned(),
        });
        Values(values.map(Into::into).collect())
    }
}

/// The values of a `connect`, passwords among them.
pub(super) struct Values(pub(super) Vec<zeroize::Zeroizing<String>>);

/// What joining viewers need of the plan; nothing in it is secret.
pub(super) fn kept_for_viewers(mut parameters: Parameters) -> Parameters {
    parameters.retain(|parameter| PER_VIEWER.contains(&parameter.name));
    parameters
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn listing(names: &[&str]) -> Listing {
        Listing::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn texts(values: &Values) -> Vec<&str> {
        values.0.iter().map(|value| value.as_str()).collect()
    }

    #[test]
    fn values_follow_the_names() {
        let plan = Plan::new("ssh").set("port", "22").set("hostname", "h").default("x", "y");
        let listing = listing(&["VERSION_1_3_0", "hostname", "password", "port"]);
        let values = listing.values(&plan, "g").unwrap();
        assert_eq!(texts(&values), ["VERSION_1_3_0", "h", "", "22"]);
    }

    #[test]
    fn a_requested_parameter_that_is_not_listed_is_named() {
        let plan = Plan::new("ssh").set("hostname", "h").set("disable-copy", "true");
        let error = listing(&["VERSION_1_3_0", "hostname"]).values(&plan, "g").err().unwrap();
        assert_eq!(error.cause, Cause::EngineLacksParameter);
        assert!(error.message.contains("disable-copy"), "{error}");
    }

    #[test]
    fn the_older_version_is_spoken() {
        for (theirs, both, word) in [
            ("VERSION_1_1_0", Version(1, 1, 0), "VERSION_1_1_0"),
            ("VERSION_1_5_0", OURS, "VERSION_1_5_0"),
            ("VERSION_2_0_0", OURS, "VERSION_1_5_0"),
        ] {
            let listing = listing(&[theirs]);
            assert_eq!(listing.version(), both);
            assert_eq!(texts(&listing.joining(&Parameters::default(), false)), [word]);
        }
        let old = listing(&["hostname", "port"]);
        assert!(old.version() < Version::TIMEZONE);
        assert_eq!(texts(&old.joining(&Parameters::default(), true)), ["", ""]);
    }

    #[test]
    fn bar_46_who_only_looks_joins_read_only() {
        let parameters = Plan::new("ssh").set("disable-paste", "true").set("password", "p");
        let listing = listing(&["VERSION_1_3_0", "password", "read-only", "disable-paste"]);
        let joining = |read_only| listing.joining(&parameters.parameters, read_only);
        assert_eq!(texts(&joining(true)), ["VERSION_1_3_0", "", "true", "true"]);
        assert_eq!(texts(&joining(false)), ["VERSION_1_3_0", "", "", "true"]);
    }
}
