use regex::bytes::{Regex, RegexBuilder};

/// Most memory that a pattern may take, in bytes.
const MOST_MEMORY: usize = 64 * 1024;

/// Reads a pattern for what the remote side says.
pub(crate) fn parse(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MOST_MEMORY).dfa_size_limit(MOST_MEMORY).build()
}
