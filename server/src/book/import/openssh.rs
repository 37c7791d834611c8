//! OpenSSH's `config` (`man ssh_config`): every `Host` that names one machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Found, Reading, field_of, typed};
use crate::Drivers;
use crate::book::fields::{EntrySchema, TYPE};

/// The driver that these are entries of.
const DRIVER: &str = "ssh";
/// Most jump hosts of an entry.
const MOST_HOPS: usize = 8;

/// What is said of the hosts that match some patterns.
struct Block {
    patterns: Vec<String>,
    settings: Vec<(String, String)>,
}

struct ConfigFile<'a> {
    blocks: Vec<Block>,
    /// The home folder, where key files are to be read.
    keys: Option<&'a PathBuf>,
}

/// Reads a file; what stands in `Match` and `Include` stays behind, and is told.
pub(super) fn read(text: &str, drivers: &Drivers, keys: Option<&PathBuf>) -> Reading {
    let mut notes = Vec::new();
    let config = ConfigFile { blocks: blocks(text, &mut notes), keys };
    let Some(schema) = EntrySchema::of(DRIVER, drivers) else {
        notes.push(format!("this gateway has no driver {DRIVER}"));
        return Reading { found: Vec::new(), notes };
    };
    let hosts = config.blocks.iter().flat_map(|block| &block.patterns);
    let mut aliases: Vec<&String> = Vec::new();
    for alias in hosts.filter(|pattern| !pattern.contains(['*', '?', '!'])) {
        if !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    let found = aliases.into_iter().map(|alias| config.entry(alias, &schema)).collect();
    Reading { found, notes }
}

fn blocks(text: &str, notes: &mut Vec<String>) -> Vec<Block> {
    let mut blocks = vec![Block { patterns: vec!["*".to_owned()], settings: Vec::new() }];
    for (index, line) in text.lines().enumerate() {
        let Some((keyword, value)) = keyword_and_value(line) else { continue };
        match keyword.as_str() {
            "host" => blocks.push(Block { patterns: words(&value), settings: Vec::new() }),
            "match" => {
                notes.push(format!("line {}: Match and what stands under it", index + 1));
                blocks.push(Block { patterns: Vec::new(), settings: Vec::new() });
            }
            "include" => {
                notes.push(format!("line {}: Include {value}: import that file too", index + 1))
            }
            _ => {
                if let Some(block) = blocks.last_mut() {
                    block.settings.push((keyword, value));
                }
            }
        }
    }
    blocks
}

/// `Keyword value` or `Keyword=value`; the keyword in lower case.
fn keyword_and_value(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let value = rest.strip_prefix('=').unwrap_or(rest).trim();
    let unquoted = value.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let value = unquoted.filter(|text| !text.contains('"')).unwrap_or(value);
    Some((keyword.to_ascii_lowercase(), value.to_owned()))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect()
}

/// Whether a name is meant by the patterns of a `Host` line.
fn is_meant(name: &str, patterns: &[String]) -> bool {
    let refused = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!'));
    patterns.iter().any(|pattern| matches(pattern, name))
        && !refused.into_iter().any(|pattern| matches(pattern, name))
}

/// `*` is any text, `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest.as_str(), &text[at..]))
        }
        Some(one) => {
            let mut text = text.chars();
            text.next().is_some_and(|c| one == '?' || c.eq_ignore_ascii_case(&one))
                && matches(rest.as_str(), text.as_str())
        }
    }
}

impl ConfigFile<'_> {
    /// What counts for a host: of each keyword what is said first.
    fn settings(&self, host: &str) -> BTreeMap<&str, &str> {
        let mut settings = BTreeMap::new();
        for block in self.blocks.iter().filter(|block| is_meant(host, &block.patterns)) {
            for (keyword, value) in &block.settings {
                settings.entry(keyword.as_str()).or_insert(value.as_str());
            }
        }
        settings
    }

    fn entry(&self, alias: &str, schema: &EntrySchema) -> Found {
        let mut without = Vec::new();
        let mut fields = self.way(alias, schema, &mut without);
        fields.insert(TYPE.to_owned(), DRIVER.into());
        let settings = self.settings(alias);
        for (keyword, field) in
            [("serveraliveinterval", "server_alive_interval"), ("remotecommand", "command")]
        {
            let known = settings.get(keyword).zip(field_of(schema, field));
            fields.extend(known.map(|(text, schema)| (field.to_owned(), typed(&schema, text))));
        }
        let jump = settings.get("proxyjump").filter(|hops| !hops.eq_ignore_ascii_case("none"));
        let mut problem = None;
        match jump.map(|jump| self.hops(jump, schema, &mut without)) {
            Some(Ok(hops)) => drop(fields.insert("jump_hosts".to_owned(), hops.into())),
            Some(Err(why)) => problem = Some(why),
            None => {}
        }
        let known = [
            "hostname",
            "port",
            "user",
            "identityfile",
            "proxyjump",
            "serveraliveinterval",
            "remotecommand",
        ];
        let others = settings.iter().filter(|(keyword, _)| !known.contains(keyword));
        without.extend(others.map(|(keyword, value)| format!("{keyword} {value}")));
        Found {
            source: format!("Host {alias}"),
            name: alias.to_owned(),
            fields,
            without,
            problem,
            is_lenient: true,
            ..Found::default()
        }
    }

    /// Host, port, account and key of one machine.
    fn way(
        &self,
        host: &str,
        schema: &EntrySchema,
        without: &mut Vec<String>,
    ) -> Map<String, Value> {
        let settings = self.settings(host);
        let name = settings.get("hostname").copied().unwrap_or("%h");
        let name = name.replace("%%", "\0").replace("%h", host).replace('\0', "%");
        let mut fields = Map::new();
        fields.insert("hostname".to_owned(), name.into());
        let user = settings.get("user").map(|user| ("username".to_owned(), Value::from(*user)));
        fields.extend(user);
        let port = field_of(schema, "port").zip(settings.get("port"));
        fields.extend(port.map(|(schema, text)| ("port".to_owned(), typed(&schema, text))));
        if let Some(file) = settings.get("identityfile").filter(|file| **file != "none") {
            match self.key(file) {
                Ok(key) => drop(fields.insert("private_key".to_owned(), key.into())),
                Err(why) => without.push(format!("the key {file} of {host}: {why}")),
            }
        }
        fields
    }

    fn key(&self, file: &str) -> Result<String, String> {
        let Some(home) = self.keys else {
            return Err("keys are read with --identity-files only".to_owned());
        };
        let path = match file.strip_prefix("~/").or_else(|| file.strip_prefix("%d/")) {
            Some(rest) => home.join(rest),
            None => PathBuf::from(file),
        };
        fs::read_to_string(path).map_err(|error| error.to_string())
    }

    /// The hops to a machine: those of its `ProxyJump`, and before them those that the first
    /// of them needs itself.
    fn hops(
        &self,
        jump: &str,
        schema: &EntrySchema,
        without: &mut Vec<String>,
    ) -> Result<Vec<Value>, String> {
        let mut chain: Vec<&str> = jump.split(',').map(str::trim).collect();
        loop {
            if chain.len() > MOST_HOPS {
                return Err(format!("ProxyJump {jump}: a circle, or more than {MOST_HOPS} hosts"));
            }
            let (_, host, _) = parts(chain[0]);
            let before = self.settings(host).get("proxyjump").copied();
            match before.filter(|jump| !jump.eq_ignore_ascii_case("none")) {
                Some(before) => drop(chain.splice(0..0, before.split(',').map(str::trim))),
                None => break,
            }
        }
        Ok(chain.into_iter().map(|hop| self.hop(hop, schema, without)).collect())
    }

    fn hop(&self, hop: &str, schema: &EntrySchema, without: &mut Vec<String>) -> Value {
        let (user, host, port) = parts(hop);
        let mut fields = self.way(host, schema, without);
        fields.extend(user.map(|user| ("username".to_owned(), user.into())));
        let port = field_of(schema, "port").zip(port);
        fields.extend(port.map(|(schema, text)| ("port".to_owned(), typed(&schema, text))));
        Value::Object(fields)
    }
}

/// User, host and port of `[ssh://][user@]host[:port]`.
fn parts(hop: &str) -> (Option<&str>, &str, Option<&str>) {
    let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
    let (user, place) = hop.rsplit_once('@').map_or((None, hop), |(user, at)| (Some(user), at));
    let bare = |host: &'_ str| host.len() - host.trim_matches(['[', ']']).len() > 0;
    match place.rsplit_once(':') {
        Some((host, port)) if bare(host) || !host.contains(':') => {
            (user, host.trim_matches(['[', ']']), Some(port))
        }
        _ => (user, place.trim_matches(['[', ']']), None),
    }
}
