//! The drivers that are linked into this binary, made from their options.

use std::collections::BTreeMap;
use std::sync::Arc;

use fanlight_core::{Driver, FieldError, registrations};
use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/drivers.rs"));

/// All drivers, by id. The gateway knows of each only what its descriptor says.
#[derive(Clone)]
pub struct Drivers(BTreeMap<&'static str, Arc<dyn Driver>>);

impl Drivers {
    /// Makes every registered driver from its `[drivers.<id>]` table.
    ///
    /// # Errors
    /// Every option that is wrong and every table that belongs to no driver, by key.
    pub fn build(options: &BTreeMap<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut by_id = BTreeMap::new();
        for registration in registrations() {
            let id = registration.info.id;
            match registration.build(options.get(id).cloned().unwrap_or_default()) {
                Ok(driver) => drop(by_id.insert(id, driver)),
                Err(error) if error.fields.is_empty() => {
                    errors.push(FieldError::new(format!("drivers.{id}"), error.message));
                }
                Err(error) => errors.extend(
                    error
                        .fields
                        .into_iter()
                        .map(|e| FieldError::new(format!("drivers.{id}.{}", e.field), e.message)),
                ),
            }
        }
        let unknown = options.keys().filter(|id| !by_id.contains_key(id.as_str()));
        errors.extend(unknown.map(|id| {
            FieldError::new(format!("drivers.{id}"), "belongs to no driver of this binary")
        }));
        if errors.is_empty() { Ok(Self(by_id)) } else { Err(errors) }
    }

    /// The driver for a session type.
    pub fn get(&self, id: &str) -> Option<&Arc<dyn Driver>> {
        self.0.get(id)
    }

    /// All drivers, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        self.0.values()
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_holds_what_the_manifest_names() {
        let registered: Vec<_> = registrations().iter().map(|r| r.info.id).collect();
        assert_eq!(registered, IN_MANIFEST);
    }
}
