//! Rows of a database dump, as mysqldump and `pg_dump` write them: `INSERT` with or without
//! columns, and `COPY`.

use std::collections::BTreeMap;

/// The rows of one table.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Each row as its values by column, without those that are NULL.
    pub(super) fn rows(&self) -> impl Iterator<Item = BTreeMap<&str, &str>> {
        self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            cells.filter_map(|(column, cell)| Some((column.as_str(), cell.as_deref()?))).collect()
        })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// What a dump is made of.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A keyword, a name or a number.
    Word(String),
    /// A text.
    Text(String),
    /// A bracket or a comma.
    Mark(char),
}

impl Token {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word.rsplit('.').next().unwrap_or(word)),
            Self::Text(_) | Self::Mark(_) => None,
        }
    }
}

/// All tables of a dump, by name.
pub(super) fn tables(dump: &str) -> BTreeMap<String, Table> {
    let mut reader = Reader { rest: dump, escapes: dump.contains('`') };
    let mut tables = BTreeMap::new();
    while let Some(statement) = reader.statement() {
        match statement.as_slice() {
            [first, second, ..] if first.is("CREATE") && second.is("TABLE") => {
                create(&statement[2..], &mut tables);
            }
            [first, second, ..] if first.is("INSERT") && second.is("INTO") => {
                insert(&statement[2..], &mut tables);
            }
            [first, table, columns @ ..] if first.is("COPY") => {
                let rows = reader.copied_rows();
                if let Some(table) = table.name().map(|name| table_of(&mut tables, name)) {
                    table.columns = names_in(columns);
                    table.rows.extend(rows);
                }
            }
            _ => {}
        }
    }
    tables
}

fn table_of<'a>(tables: &'a mut BTreeMap<String, Table>, name: &str) -> &'a mut Table {
    tables.entry(name.to_owned()).or_default()
}

/// The names between the first brackets.
fn names_in(tokens: &[Token]) -> Vec<String> {
    let inside = tokens.iter().skip_while(|token| **token != Token::Mark('(')).skip(1);
    let inside = inside.take_while(|token| **token != Token::Mark(')'));
    inside.filter_map(Token::name).map(str::to_owned).collect()
}

/// The columns that a table was made with, for rows that do not name theirs.
fn create(tokens: &[Token], tables: &mut BTreeMap<String, Table>) {
    const NO_COLUMN: [&str; 8] =
        ["PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK", "INDEX", "EXCLUDE"];
    let Some(open) = tokens.iter().position(|token| *token == Token::Mark('(')) else { return };
    let Some(name) = open.checked_sub(1).and_then(|at| tokens[at].name()) else { return };
    let (mut depth, mut begins, mut columns) = (0_usize, true, Vec::new());
    for token in &tokens[open + 1..] {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') if depth == 0 => break,
            Token::Mark(')') => depth -= 1,
            Token::Mark(',') if depth == 0 => {
                begins = true;
                continue;
            }
            Token::Word(word) if begins && !NO_COLUMN.iter().any(|no| token.is(no)) => {
                columns.push(word.clone());
            }
            _ => {}
        }
        begins = false;
    }
    table_of(tables, name).columns = columns;
}

fn insert(tokens: &[Token], tables: &mut BTreeMap<String, Table>) {
    let Some(values) = tokens.iter().position(|token| token.is("VALUES")) else { return };
    let Some(name) = tokens[0].name() else { return };
    let table = table_of(tables, name);
    let columns = names_in(&tokens[1..values]);
    if !columns.is_empty() {
        table.columns = columns;
    }
    let mut row = None;
    for token in &tokens[values + 1..] {
        match (token, &mut row) {
            (Token::Mark('('), None) => row = Some(vec![None]),
            (Token::Mark(')'), Some(_)) => table.rows.extend(row.take()),
            (Token::Mark(','), Some(cells)) => cells.push(None),
            (Token::Text(text) | Token::Word(text), Some(cells)) => {
                let cell = (!token.is("NULL")).then(|| text.clone());
                if let Some(last) = cells.last_mut() {
                    *last = cell;
                }
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    /// Whether a backslash in a text means something (MySQL).
    escapes: bool,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn skip_past(&mut self, end: &str) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.rest = &self.rest[at..];
    }

    /// The tokens up to the next semicolon.
    fn statement(&mut self) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        loop {
            if self.rest.starts_with("--") || (self.escapes && self.rest.starts_with('#')) {
                self.skip_past("\n");
                continue;
            }
            if self.rest.starts_with("/*") {
                self.skip_past("*/");
                continue;
            }
            match self.take() {
                None => return (!tokens.is_empty()).then_some(tokens),
                Some(';') => return Some(tokens),
                Some('\'') => {
                    let follows_e = tokens.last().is_some_and(|token: &Token| token.is("E"));
                    if follows_e {
                        tokens.pop();
                    }
                    let escapes = self.escapes || follows_e;
                    tokens.push(Token::Text(self.quoted('\'', escapes)));
                }
                Some(quote @ ('"' | '`')) => {
                    let name = self.quoted(quote, false);
                    // `schema`.`table`, "schema"."table"
                    match tokens.last_mut() {
                        Some(Token::Word(before)) if before.ends_with('.') => {
                            before.push_str(&name)
                        }
                        _ => tokens.push(Token::Word(name)),
                    }
                }
                Some(mark @ ('(' | ')' | ',')) => tokens.push(Token::Mark(mark)),
                Some(first) if is_of_word(first) => tokens.push(Token::Word(self.word(first))),
                Some(_) => {}
            }
        }
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(next) = self.rest.chars().next().filter(|c| is_of_word(*c)) {
            word.push(next);
            self.rest = &self.rest[next.len_utf8()..];
        }
        word
    }

    fn quoted(&mut self, quote: char, escapes: bool) -> String {
        let mut text = String::new();
        while let Some(next) = self.take() {
            if next == quote {
                if !self.rest.starts_with(quote) {
                    break;
                }
                self.take();
                text.push(quote);
            } else if next == '\\' && escapes {
                text.extend(self.take().map(unescaped));
            } else {
                text.push(next);
            }
        }
        text
    }

    /// The rows below `COPY ... FROM stdin;`, up to `\.`.
    fn copied_rows(&mut self) -> Vec<Vec<Option<String>>> {
        self.skip_past("\n");
        let mut rows = Vec::new();
        while !self.rest.is_empty() {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            let line = line.trim_end_matches('\r');
            if line == "\\." {
                break;
            }
            rows.push(line.split('\t').map(copied_cell).collect());
        }
        rows
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "_.$-+".contains(c)
}

fn unescaped(c: char) -> char {
    match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        '0' => '\0',
        'Z' => '\u{1a}',
        other => other,
    }
}

fn copied_cell(cell: &str) -> Option<String> {
    if cell == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut rest = cell.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => text.extend(rest.next().map(unescaped)),
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_are_read_as_each_database_writes_them() {
        let mysql = "CREATE TABLE `t` (\n `id` int NOT NULL,\n `text` varchar(10) DEFAULT 'a,b',\n \
            PRIMARY KEY (`id`)\n);\n/*!40000 ALTER TABLE `t` */;\n\
            INSERT INTO `t` VALUES (-1,'it\\'s; a \\\\ (b), ''c''\\n'),(2,NULL); -- ; x\n";
        let tables = tables(mysql);
        let rows: Vec<_> = tables["t"].rows().collect();
        assert_eq!(rows[0]["id"], "-1");
        assert_eq!(rows[0]["text"], "it's; a \\ (b), 'c'\n");
        assert!(rows[1]["id"] == "2" && !rows[1].contains_key("text"));
    }

    #[test]
    fn both_ways_of_postgresql_are_read() {
        let copied = "SET x = 'a';\nCOPY public.t (id, text) FROM stdin;\n1\ta\\tb\\\\c;'\n2\t\\N\n\\.\n\
            INSERT INTO public.u (id, text) VALUES (1, 'a\\b''c'), (2, E'a\\nb');\n";
        let tables = tables(copied);
        let rows: Vec<_> = tables["t"].rows().collect();
        assert_eq!(rows[0]["text"], "a\tb\\c;'");
        assert!(!rows[1].contains_key("text"));
        let rows: Vec<_> = tables["u"].rows().collect();
        assert_eq!((rows[0]["text"], rows[1]["text"]), ("a\\b'c", "a\nb"));
    }
}
