use url::Url;

/// Any base will do: only what stays on it is kept.
const BASE: &str = "http://this.invalid";

/// `text` where it is a path of this site (query and fragment included), else `/`. Only
/// what a browser, too, understands as such: it takes `//x` and `/\x` for another host,
/// and leaves out tabs and line breaks.
pub fn own_path(text: &str) -> &str {
    let plain = text.starts_with('/')
        && !text.contains('\\')
        && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    let stays = || {
        let base = Url::parse(BASE).ok()?;
        Some(base.join(text).ok()?.origin() == base.origin())
    };
    if plain && stays().unwrap_or(false) { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn bar_27_only_a_path_of_this_site_is_gone_to() {
        for good in ["/", "/sessions", "/client/1?key=a&b=%2F%2Fx", "/a//b", "/a?u=https://x#f"] {
            assert_eq!(own_path(good), good);
        }
        for bad in [
            "",
            "x",
            "//x",
            "//x/y",
            "/\\x",
            "\\\\x",
            "/a\\b",
            "///x",
            "/\t/x",
            "/\r\nLocation: x",
            "/a\nb",
            "https://x",
            "javascript:alert(1)",
            "?a",
            "/\u{e4}",
            "/a b",
            "/.//x/../..//y\\",
        ] {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn bar_27_dots_do_not_lead_off_the_site() {
        for path in ["/..//x", "/.//x", "/a/..//x"] {
            let gone_to =
                url::Url::parse("http://gate.example").and_then(|u| u.join(own_path(path)));
            assert_eq!(
                gone_to.map(|url| url.host_str().map(str::to_owned)),
                Ok(Some("gate.example".into()))
            );
        }
    }
}
