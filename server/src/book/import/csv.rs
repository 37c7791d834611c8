//! A table: one entry a row, a field of it in each column.

use serde_json::{Map, Value};

use super::{Found, ImportError, Reading, display_name, field_of, typed};
use crate::Drivers;
use crate::book::fields::{EntrySchema, TYPE, book_schema};

const NAME: &str = "name";
const FOLDER: &str = "folder";

/// Reads a table with a head; a column that no driver knows is refused, so that a typo does
/// not lose a whole column.
pub(super) fn read(text: &str, drivers: &Drivers) -> Result<Reading, ImportError> {
    let unreadable = |error: &dyn std::fmt::Display| ImportError::Unreadable(error.to_string());
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| unreadable(&error))?.clone();
    check_head(&head, drivers)?;
    let mut reading = Reading::default();
    for row in reader.records() {
        let row = row.map_err(|error| unreadable(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cells = head.iter().map(str::trim).zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        reading.found.push(entry(line, cells.collect(), drivers));
    }
    Ok(reading)
}

fn check_head(head: &csv::StringRecord, drivers: &Drivers) -> Result<(), ImportError> {
    let schemas: Vec<_> = drivers.ids().filter_map(|id| EntrySchema::of(id, drivers)).collect();
    let own = &book_schema()["properties"];
    let known = |column: &&str| {
        [NAME, FOLDER].contains(column)
            || own.get(*column).is_some()
            || schemas.iter().any(|schema| schema.field(column).is_some())
    };
    let unknown: Vec<_> = head.iter().map(str::trim).filter(|column| !known(column)).collect();
    let lacks =
        [NAME, TYPE].into_iter().find(|column| !head.iter().any(|one| one.trim() == *column));
    match (unknown.as_slice(), lacks) {
        ([], None) => Ok(()),
        ([], Some(column)) => {
            Err(ImportError::Unreadable(format!("the table has no column {column}")))
        }
        (columns, _) => Err(ImportError::Unreadable(format!(
            "no entry has these fields, which are columns of the table: {}",
            columns.join(", ")
        ))),
    }
}

fn entry(line: u64, cells: Vec<(&str, &str)>, drivers: &Drivers) -> Found {
    let cell = |column: &str| cells.iter().find(|(name, _)| *name == column).map(|(_, cell)| *cell);
    let (name, session_type) = (cell(NAME).unwrap_or_default(), cell(TYPE).unwrap_or_default());
    let schema = EntrySchema::of(session_type, drivers);
    let own = &book_schema()["properties"];
    let mut fields = Map::new();
    for (column, text) in cells.iter().filter(|(column, _)| ![NAME, FOLDER].contains(column)) {
        let of_driver = || schema.as_ref().and_then(|schema| field_of(schema, column));
        let schema = own.get(*column).cloned().or_else(of_driver).unwrap_or(Value::Null);
        fields.insert((*column).to_owned(), typed(&schema, text));
    }
    display_name(name, &mut fields);
    Found {
        source: format!("line {line}"),
        folder: cell(FOLDER).map(str::to_owned),
        name: name.to_owned(),
        fields,
        ..Found::default()
    }
}
