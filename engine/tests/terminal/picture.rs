//! What viewers see of a terminal, down to the pixel.

use crate::support::{CELL, Viewer, picture, terminal, viewport};
use fanlight_core::{Input, ViewerId};

const BLACK: [u8; 3] = [0, 0, 0];
const GRAY: [u8; 3] = [0xCC, 0xCC, 0xCC];

#[test]
fn nothing_new_draws_nothing() {
    let terminal = terminal(80, 24);
    let mut viewer = Viewer::of(&terminal);
    assert!(viewer.look().0 > 0);
    assert_eq!(viewer.look().0, 0);
    terminal.feed(b"\x1b[s\x1b[u");
    assert_eq!(viewer.look().0, 0);
}

#[test]
fn a_typed_character_is_two_copies() {
    let terminal = terminal(80, 24);
    let mut viewer = Viewer::of(&terminal);
    terminal.feed(b"abc\r\n$ ");
    viewer.look();
    terminal.feed(b"a");
    viewer.look();
    terminal.feed(b"b");
    let (bytes, applied) = viewer.look();
    assert!(bytes < 200, "{bytes} bytes: {:?}", applied.opcodes);
    assert!(!applied.opcodes.contains_key("img"), "{:?}", applied.opcodes);
}

#[test]
fn scrolling_copies_what_stays() {
    let terminal = terminal(80, 24);
    let mut viewer = Viewer::of(&terminal);
    for line in 0..40 {
        terminal.feed(format!("\r\nsome text that is number {line}").as_bytes());
    }
    viewer.look();
    terminal.feed(b"\r\nsome text that is number 40");
    let (bytes, _) = viewer.look();
    assert!(bytes < 2500, "{bytes} bytes");
    assert_eq!(viewer.model.pixels(), picture(&terminal).model.pixels());
}

#[test]
fn the_cursor_is_a_block_and_goes_when_hidden() {
    let terminal = terminal(10, 3);
    assert_eq!(picture(&terminal).pixel(1, 1), GRAY);
    terminal.feed(b"\x1b[?25l");
    assert_eq!(picture(&terminal).pixel(1, 1), BLACK);
    terminal.feed(b"\x1b[?25h\x1b[5 q");
    let viewer = picture(&terminal);
    assert_eq!((viewer.pixel(0, 9), viewer.pixel(6, 9)), (GRAY, BLACK));
}

#[test]
fn colours_and_attributes_show() {
    let terminal = terminal(20, 4);
    terminal.feed(
        b"\x1b[?25l\x1b[48;2;1;2;3m \x1b[0m\x1b[41m \x1b[0m\x1b[48;5;21m \x1b[0m\x1b[7m \x1b[0m",
    );
    terminal.feed(b"\x1b[4m \x1b[0m\x1b[9m \x1b[0m\x1b[8mX\x1b[0m\xE2\x96\x88");
    let viewer = picture(&terminal);
    let at = |column: u32| viewer.pixel(column * CELL.0 + 5, 5);
    assert_eq!(at(0), [1, 2, 3]);
    assert_eq!(at(1), [0xCD, 0x31, 0x31]);
    assert_eq!(at(2), [0, 0, 255]);
    assert_eq!(at(3), GRAY);
    assert_eq!(at(7), GRAY);
    assert!(viewer.cells(4, 0, 1).contains(&GRAY), "underline");
    assert!(viewer.cells(5, 0, 1)[..14 * CELL.0 as usize].contains(&GRAY), "line through");
    assert!(!viewer.cells(4, 0, 1)[..14 * CELL.0 as usize].contains(&GRAY), "under the text");
    assert!(!viewer.cells(6, 0, 1).contains(&GRAY), "hidden");
}

#[test]
fn box_lines_join_without_gaps() {
    let terminal = terminal(6, 3);
    terminal.feed("\x1b[?25l┌──┐\r\n│██│\r\n└──┘".as_bytes());
    let viewer = picture(&terminal);
    for x in 5..35 {
        assert_eq!(viewer.pixel(x, 9), GRAY, "top line at {x}");
    }
    for y in 10..47 {
        assert_eq!(viewer.pixel(5, y), GRAY, "left line at {y}");
    }
    for x in 10..30 {
        assert_eq!(viewer.pixel(x, 19), GRAY, "block at {x}");
    }
}

#[test]
fn wide_characters_take_two_cells() {
    let terminal = terminal(10, 2);
    terminal.feed("\x1b[?25l中|".as_bytes());
    let viewer = picture(&terminal);
    let ink = |column| viewer.cells(column, 0, 1).iter().filter(|pixel| **pixel != BLACK).count();
    assert!(ink(0) > 20 && ink(1) > 20, "{} and {}", ink(0), ink(1));
    terminal.feed("\x1b[2J\x1b[H  |".as_bytes());
    assert_eq!(picture(&terminal).cells(2, 0, 1), viewer.cells(2, 0, 1));
}

#[test]
fn combining_marks_change_the_character_before() {
    let terminal = terminal(10, 2);
    terminal.feed("\x1b[?25lee\u{301}".as_bytes());
    let viewer = picture(&terminal);
    assert_ne!(viewer.cells(0, 0, 1), viewer.cells(1, 0, 1));
    assert_eq!(viewer.cells(2, 0, 1), vec![BLACK; (CELL.0 * CELL.1) as usize]);
}

#[test]
fn scripts_beyond_latin_and_chinese_have_letters() {
    let hollow = |text: &str| {
        let terminal = terminal(10, 2);
        terminal.feed(format!("\x1b[?25l{text}").as_bytes());
        picture(&terminal).cells(0, 0, 2)
    };
    for text in ["ế", "א", "ա", "ა", "😀", "𝔸"] {
        let missing = if text == "😀" { "\u{30000}" } else { "\u{10FFFD}" };
        assert_ne!(hollow(text), hollow(missing), "{text}");
    }
}

#[test]
fn common_scripts_are_no_boxes() {
    let shown = |text: &str, cells| {
        let terminal = terminal(10, 2);
        terminal.feed(format!("\x1b[?25l{text}").as_bytes());
        picture(&terminal).cells(0, 0, cells)
    };
    let (narrow, wide) = (shown("\u{10FFFD}", 1), shown("\u{30000}", 2));
    for letter in "ÄЖΩאبกअঅதకഅಕඅကአកກᏣ".chars() {
        assert_ne!(shown(&letter.to_string(), 1), narrow, "{letter}");
    }
    for letter in "中日あア한글힣".chars() {
        assert_ne!(shown(&letter.to_string(), 2), wide, "{letter}");
    }
}

fn colors_of(text: &str, cells: u32) -> usize {
    let terminal = terminal(20, 2);
    terminal.feed(format!("\x1b[?25l{text}").as_bytes());
    let pixels = picture(&terminal).cells(0, 0, cells);
    let gray = |pixel: &[u8; 3]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
    let colored: std::collections::HashSet<_> =
        pixels.into_iter().filter(|pixel| !gray(pixel)).collect();
    colored.len()
}

#[test]
fn pictograms_have_colours_of_their_own() {
    for text in ["😀", "🚀", "❤\u{FE0F}", "👍🏽", "👩\u{200D}💻", "🇩🇪"] {
        assert!(colors_of(text, 2) > 4, "{text}");
    }
    for text in ["中", "★", "❤", "a", "☎\u{FE0E}"] {
        assert_eq!(colors_of(text, 2), 0, "{text}");
    }
}

#[test]
fn characters_that_are_one_pictogram_are_shown_as_one() {
    for (text, part) in [("👍🏽", "👍"), ("👩\u{200D}💻", "👩"), ("🇩🇪", "🇩")] {
        let cells = |text: &str, at| {
            let terminal = terminal(20, 2);
            terminal.feed(format!("\x1b[?25l{text}").as_bytes());
            picture(&terminal).cells(at, 0, 2)
        };
        assert!(cells(text, 0) != cells(part, 0), "{text}");
        assert!(cells(text, 2) == cells("", 2), "{text}: what follows is blank");
    }
}

#[test]
fn underlines_have_their_own_colour() {
    for kind in ["4", "4:2", "4:3", "4:4", "4:5"] {
        let terminal = terminal(10, 2);
        terminal.feed(format!("\x1b[?25l\x1b[{kind};58:2::200:10:20mg\x1b[59mg").as_bytes());
        let viewer = picture(&terminal);
        let has = |column, color| viewer.cells(column, 0, 1).contains(&color);
        assert!(has(0, [200, 10, 20]) && !has(1, [200, 10, 20]), "{kind}");
    }
}

#[test]
fn cursors_of_each_shape_look_different() {
    let looks = ["2", "4", "6"].map(|shape| {
        let terminal = terminal(4, 2);
        terminal.feed(format!("\x1b[{shape} q").as_bytes());
        picture(&terminal).cells(0, 0, 1)
    });
    for (index, look) in looks.iter().enumerate() {
        assert!(look.contains(&GRAY) && !looks[..index].contains(look), "shape {index}");
    }
    let terminal = terminal(4, 2);
    terminal.feed(b"\x1b]12;#ff0000\x07\x1b[6 q");
    assert!(picture(&terminal).cells(0, 0, 1).contains(&[255, 0, 0]), "its colour can be set");
}

#[test]
fn the_cursor_is_hollow_for_a_viewer_without_the_keyboard_and_for_no_other() {
    let terminal = terminal(4, 2);
    let mut viewers = [1, 2].map(|number| Viewer::numbered(&terminal, ViewerId(number)));
    let mut say = |value: &str| {
        let (name, value) = ("focus".to_owned(), value.to_owned());
        terminal.input(&Input::Argument { viewer: ViewerId(1), name, value });
        viewers.each_mut().map(|viewer| {
            viewer.look();
            (viewer.pixel(0, 0), viewer.pixel(5, 9))
        })
    };
    assert_eq!(say("in"), [(GRAY, GRAY); 2]);
    assert_eq!(say("out"), [(GRAY, BLACK), (GRAY, GRAY)]);
    assert_eq!(say("in"), [(GRAY, GRAY); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_blinks_while_things_happen_and_then_rests() {
    let terminal = terminal(4, 2);
    let mut viewer = Viewer::of(&terminal);
    terminal.feed(b"\x1b[1 q");
    let mut seen = Vec::new();
    while let Some(wait) = viewer.next_look() {
        seen.push(viewer.pixel(5, 9) == GRAY);
        assert!(seen.len() < 50 && wait.as_millis() <= 530, "{wait:?}");
        tokio::time::advance(wait).await;
    }
    assert!(seen.len() > 10 && viewer.pixel(5, 9) == GRAY, "it stops lit");
    let turns = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(turns, seen.len() - 1, "{seen:?}");
    terminal.feed(b"x");
    assert!(viewer.next_look().is_some(), "it begins again");
    for steady in ["\x1b[2 q", "\x1b[1 q\x1b[?25l"] {
        terminal.feed(steady.as_bytes());
        assert_eq!(viewer.next_look(), None, "{steady:?}");
    }
}

#[test]
fn underlines_of_each_kind_look_different() {
    let lines = ["4", "4:2", "4:3", "4:4", "4:5"].map(|kind| {
        let terminal = terminal(10, 2);
        terminal.feed(format!("\x1b[?25l\x1b[{kind}m  ").as_bytes());
        picture(&terminal).cells(0, 0, 2)
    });
    for (index, line) in lines.iter().enumerate() {
        assert!(line.contains(&GRAY), "kind {index}");
        assert!(!lines[..index].contains(line), "kind {index}");
    }
}

#[test]
fn a_character_that_no_font_has_is_a_hollow_box() {
    let terminal = terminal(10, 2);
    terminal.feed("\x1b[?25l\u{10FFFD}".as_bytes());
    let ink = picture(&terminal).cells(0, 0, 1).iter().filter(|pixel| **pixel == GRAY).count();
    assert!((20..60).contains(&ink), "{ink} pixels");
}

#[test]
fn a_resize_keeps_the_text_and_fills_the_window() {
    let terminal = terminal(40, 10);
    let mut viewer = Viewer::of(&terminal);
    terminal.feed(b"\x1b[?25l0123456789abcdefghijklmnopqrstuvwxyz");
    viewer.look();
    let before = viewer.cells(0, 0, 36);
    let size = terminal.input(&Input::Resize(viewport(20, 5))).resized.unwrap();
    assert_eq!((size.columns, size.rows), (20, 5));
    viewer.look();
    assert_eq!((viewer.model.width(), viewer.model.height()), (200, 95));
    assert_eq!(viewer.model.pixels(), picture(&terminal).model.pixels());
    terminal.input(&Input::Resize(viewport(40, 10)));
    viewer.look();
    assert_eq!(viewer.cells(0, 0, 36), before);
}

#[test]
fn more_new_cells_than_the_buffer_holds_are_sent_as_pictures() {
    let terminal = terminal(100, 40);
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    for round in 0..3_u32 {
        let mut text = String::from("\x1b[H");
        for cell in 0..3900_u32 {
            let value = cell * 997 + round * 31;
            text += &format!("\x1b[38;2;{};{};9mx", value % 256, value / 256 % 256);
        }
        terminal.feed(text.as_bytes());
        viewer.look();
        assert_eq!(viewer.model.pixels(), picture(&terminal).model.pixels(), "round {round}");
    }
}

#[test]
fn a_screen_of_as_many_colours_as_letters_is_tinted_by_the_viewer() {
    let terminal = terminal(80, 24);
    let mut text = String::from("\x1b[?25l\x1b[H");
    for cell in 0..80 * 24_u32 {
        let letter = char::from(b'!' + (cell * 31 % 90) as u8);
        text += &format!("\x1b[38;2;{};{};99m{letter}", cell % 256, cell * 7 % 256);
    }
    terminal.feed(text.as_bytes());
    let (bytes, applied) = Viewer::of(&terminal).look();
    assert!(bytes < 150_000, "{bytes} bytes, where exact pixels took 300,000");
    assert_eq!(applied.opcodes.get("dispose"), Some(&1), "{:?}", applied.opcodes);
}
