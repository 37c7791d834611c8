//! Connections of Apache Guacamole, from a dump of its database.

use std::collections::BTreeMap;

use serde_json::Map;

use super::dump::{Table, tables};
use super::{Found, ImportError, Reading, display_name, field_of, typed};
use crate::Drivers;
use crate::book::fields::{EntrySchema, TYPE};

const CONNECTIONS: &str = "guacamole_connection";
const PARAMETERS: &str = "guacamole_connection_parameter";
const GROUPS: &str = "guacamole_connection_group";
/// What describes the connection itself, not how Guacamole balances or limits it.
const OF_CONNECTION: [&str; 4] = ["connection_id", "connection_name", "parent_id", "protocol"];
/// Guacamole's words for who is signed in, and the personal values that stand for them.
const TOKENS: [(&str, &str); 2] =
    [("${GUAC_USERNAME}", "$guac_username"), ("${GUAC_PASSWORD}", "$guac_password")];
/// Groups deeper than this are a circle.
const DEEPEST: usize = 32;

/// Reads a dump; what is not a connection stays behind, and is counted.
pub(super) fn read(text: &str, drivers: &Drivers) -> Result<Reading, ImportError> {
    let tables = tables(text);
    let connections = tables.get(CONNECTIONS).ok_or_else(|| {
        let why = format!("the dump has no table {CONNECTIONS}: is it of Guacamole's database?");
        ImportError::Unreadable(why)
    })?;
    let groups = Groups::of(tables.get(GROUPS));
    let parameters = of_connections(tables.get(PARAMETERS), "parameter_name", "parameter_value");
    let attributes = tables.get("guacamole_connection_attribute");
    let attributes = of_connections(attributes, "attribute_name", "attribute_value");
    let mut found = Vec::new();
    for row in connections.rows() {
        let id = row.get("connection_id").copied().unwrap_or_default();
        let of_row = row.iter().filter(|(column, _)| !OF_CONNECTION.contains(*column));
        let mut without: Vec<_> =
            of_row.map(|(column, value)| format!("{column} {value}")).collect();
        let others = attributes.get(id).into_iter().flatten();
        without.extend(others.map(|(name, value)| format!("attribute {name} {value}")));
        let parameters = parameters.get(id).map(Vec::as_slice).unwrap_or_default();
        let mut entry = connection(&row, parameters, drivers, without);
        entry.folder = row.get("parent_id").and_then(|parent| groups.path(parent));
        found.push(entry);
    }
    Ok(Reading { found, notes: left_behind(&tables) })
}

fn left_behind(tables: &BTreeMap<String, Table>) -> Vec<String> {
    let kinds = [
        ("guacamole_connection_permission", "permissions on connections: folders have groups"),
        ("guacamole_connection_group_permission", "permissions on groups: folders have groups"),
        ("guacamole_sharing_profile", "sharing profiles: sessions have share links"),
        ("guacamole_user", "users: they come from the identity provider"),
    ];
    let count = |(table, what): (&str, &str)| {
        let rows = tables.get(table).map_or(0, Table::len);
        (rows > 0).then(|| format!("{rows} {what}"))
    };
    kinds.into_iter().filter_map(count).collect()
}

type ByConnection<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str)>>;

fn of_connections<'a>(table: Option<&'a Table>, name: &str, value: &str) -> ByConnection<'a> {
    let mut all = ByConnection::new();
    for row in table.into_iter().flat_map(Table::rows) {
        if let (Some(id), Some(name), Some(value)) =
            (row.get("connection_id"), row.get(name), row.get(value))
        {
            all.entry(*id).or_default().push((*name, *value));
        }
    }
    all
}

fn connection(
    row: &BTreeMap<&str, &str>,
    parameters: &[(&str, &str)],
    drivers: &Drivers,
    mut without: Vec<String>,
) -> Found {
    let text = |column: &str| row.get(column).copied().unwrap_or_default();
    let (id, name, protocol) = (text("connection_id"), text("connection_name"), text("protocol"));
    let schema = EntrySchema::of(protocol, drivers);
    let mut fields = Map::new();
    fields.insert(TYPE.to_owned(), protocol.into());
    for (parameter, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        let field = parameter.replace('-', "_");
        let own = TOKENS.iter().find(|(token, _)| token == value).map(|(_, variable)| *variable);
        match schema.as_ref().and_then(|schema| field_of(schema, &field)) {
            None => without.push(format!("parameter {parameter}")),
            Some(_) if own.is_none() && value.contains("${GUAC_") => {
                without.push(format!("parameter {parameter}, which has a token in it"));
            }
            Some(schema) => drop(fields.insert(field, typed(&schema, own.unwrap_or(value)))),
        }
    }
    display_name(name, &mut fields);
    let problem = schema.is_none().then(|| format!("this gateway has no driver {protocol}"));
    Found {
        source: format!("connection {id} {name:?}"),
        name: if super::slug(name).is_some() {
            name.to_owned()
        } else {
            format!("connection-{id}")
        },
        fields,
        without,
        problem,
        is_lenient: true,
        ..Found::default()
    }
}

/// Connection groups, which become folders.
struct Groups<'a>(BTreeMap<&'a str, (&'a str, Option<&'a str>)>);

impl<'a> Groups<'a> {
    fn of(table: Option<&'a Table>) -> Self {
        let rows = table.into_iter().flat_map(Table::rows);
        let groups = rows.filter_map(|row| {
            let id = *row.get("connection_group_id")?;
            Some((id, (*row.get("connection_group_name")?, row.get("parent_id").copied())))
        });
        Self(groups.collect())
    }

    /// The names from the outermost group to this one.
    fn path(&self, id: &str) -> Option<String> {
        let mut names = Vec::new();
        let mut next = Some(id);
        while let Some((name, parent)) = next.and_then(|id| self.0.get(id)) {
            names.push(*name);
            next = parent.filter(|_| names.len() < DEEPEST);
        }
        names.reverse();
        let path = names.join("-");
        if super::slug(&path).is_some() { Some(path) } else { Some(format!("group-{id}")) }
    }
}
