//! What a program is answered that asks what it is talking to, and sequences beyond the
//! emulator's, after xterm's ctlseqs.

use std::time::Duration;

use crate::support::{VIEWER, Viewer, mouse, picture, terminal};
use fanlight_core::Screen as _;
use fanlight_engine::display::WireCanvas;

const LEFT: u8 = 1;
const RIGHT: u8 = 4;

fn answer(before: &str, question: &str) -> String {
    let terminal = terminal(80, 24);
    terminal.feed(before.as_bytes());
    String::from_utf8(terminal.feed(question.as_bytes()).to_remote).unwrap()
}

#[test]
fn questions_are_answered_as_xterm_does() {
    for (before, question, expected) in [
        ("", "\x1b[c", "\x1b[?62;22;52c"),
        ("", "\x1bZ", "\x1b[?62;22;52c"),
        ("", "\x1b[>c", "\x1b[>41;380;0c"),
        ("", "\x1b[=c", "\x1bP!|00000000\x1b\\"),
        ("", "\x1b[5n", "\x1b[0n"),
        ("\x1b[7;9H", "\x1b[6n", "\x1b[7;9R"),
        ("\x1b[7;9H", "\x1b[?6n", "\x1b[?7;9R"),
        ("\x1b[5;10r\x1b[?6h\x1b[2;3H", "\x1b[6n", "\x1b[2;3R"),
        ("", "\x1b[?15n", "\x1b[?13n"),
        ("", "\x1b[?26n", "\x1b[?27;1;0;0n"),
        ("", "\x1b[x", "\x1b[2;1;1;128;128;1;0x"),
        ("", "\x1b[1x", "\x1b[3;1;1;128;128;1;0x"),
        ("", "\x1b[18t", "\x1b[8;24;80t"),
        ("", "\x1b[14t", "\x1b[4;456;800t"),
        ("", "\x1b[16t", "\x1b[6;19;10t"),
        ("\x1b]2;secret\x07", "\x1b[21t", ""),
        ("", "\x1b[4$p", "\x1b[4;2$y"),
        ("\x1b[4h", "\x1b[4$p", "\x1b[4;1$y"),
        ("", "\x1b[?7$p", "\x1b[?7;1$y"),
        ("\x1b[?7l", "\x1b[?7$p", "\x1b[?7;2$y"),
        ("", "\x1b[?9999$p", "\x1b[?9999;0$y"),
        ("\x1b[?9h", "\x1b[?9$p", "\x1b[?9;1$y"),
        ("\x1b[?9h\x1b[?1000h", "\x1b[?9$p", "\x1b[?9;2$y"),
        ("\x1b[?1016h", "\x1b[?1016$p", "\x1b[?1016;1$y"),
        ("\x1b[?1016h\x1b[?1006h", "\x1b[?1016$p", "\x1b[?1016;2$y"),
        ("", "\x1b[?2026$p", "\x1b[?2026;2$y"),
        ("\x1b[?2026h", "\x1b[?2026$p", "\x1b[?2026;1$y"),
        ("", "\x1bP$qr\x1b\\", "\x1bP1$r1;24r\x1b\\"),
        ("\x1b[3;9r", "\x1bP$qr\x1b\\", "\x1bP1$r3;9r\x1b\\"),
        ("\x1b[1;4:3;31;48;5;200m", "\x1bP$qm\x1b\\", "\x1bP1$r0;1;4:3;31;48:5:200m\x1b\\"),
        ("\x1b[38;2;1;2;3m", "\x1bP$qm\x1b\\", "\x1bP1$r0;38:2::1:2:3m\x1b\\"),
        ("\x1b[5 q", "\x1bP$q q\x1b\\", "\x1bP1$r5 q\x1b\\"),
        ("", "\x1bP$qz\x1b\\", "\x1bP0$r\x1b\\"),
        ("", "\x1bP+q544e\x1b\\", "\x1bP0+r\x1b\\"),
        ("", "\x1b]4;1;?\x07", "\x1b]4;1;rgb:cdcd/3131/3131\x07"),
        ("\x1b]4;1;#123456\x07", "\x1b]4;1;?\x1b\\", "\x1b]4;1;rgb:1212/3434/5656\x1b\\"),
        ("\x1b]4;1;#123456\x07\x1b]104;1\x07", "\x1b]4;1;?\x07", "\x1b]4;1;rgb:cdcd/3131/3131\x07"),
        ("\x1b]10;red\x07", "\x1b]10;?\x07", "\x1b]10;rgb:ffff/0000/0000\x07"),
        ("\x1b]10;red\x07\x1b]110\x07", "\x1b]10;?\x07", "\x1b]10;rgb:cccc/cccc/cccc\x07"),
        ("\x1b]10;#fff;#00f\x07", "\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/f0f0\x07"),
        ("\x1b]12;rgb:1/2/3\x07", "\x1b]12;?\x07", "\x1b]12;rgb:1111/2222/3333\x07"),
        ("", "\x1b]52;c;?\x07", ""),
        ("", "\x05", ""),
    ] {
        assert_eq!(answer(before, question), expected, "{before:?} {question:?}");
    }
    assert!(answer("", "\x1b[>q").starts_with("\x1bP>|Fanlight("));
}

#[test]
fn sequences_beyond_the_usual_do_what_they_say() {
    for (given, same) in [
        ("ab\x1b[3b", "abbbb"),
        ("\x1b(A#\x1b(B#", "£#"),
        ("\x1b(0lqk\x1b(B", "┌─┐"),
        ("\x1b)0a\x0eq\x0fb", "a─b"),
        ("\x1b*0a\x1bNqq", "a─q"),
        ("\x1b[4hba\x1b[1;1Hx\x1b[4l", "xba\x1b[1;2H"),
        ("\x1b[1m\x1b[?25l\x1b[3;9r\x1b[?6h\x1b[1;1H\x1b[!pxyz", "\x1b[3;1Hxyz"),
        ("a\x1b[5Ib\x1b[2Zc", "a\x1b[1;41Hb\x1b[1;33Hc"),
        ("\x1b[3g\x1b[1;5H\x1bH\rx\ty", "x\x1b[1;5Hy"),
        ("x\x1b[2^y", "\x1b[3;1Hx\x1b[1;2Hy"),
        ("abc\x1b[?3hd", "abcd"),
        ("abcdef\x1b[3G\x1b[99Px", "abx"),
        ("\x1b[5;9r\x1b[7;1H\x1b[99Bx\x1b[99Ay", "\x1b[9;1Hx\x1b[5;2Hy"),
        ("\x1b[5;9r\x1b[12;3H\x1b[99Ex\x1b[2;3H\x1b[99Fy", "\x1b[24;1Hx\x1b[1;1Hy"),
        ("\x1b[12;13r\x1b[?6h\x1b[24Bx", "\x1b[13;1Hx"),
        ("\x1b[3;5r\x1b[?6hx\x1b[?6ly", "\x1b[3;1Hx\x1b[1;1Hy"),
    ] {
        let (one, other) = (terminal(80, 24), terminal(80, 24));
        one.feed(given.as_bytes());
        other.feed(same.as_bytes());
        let pictures = (picture(&one), picture(&other));
        assert!(pictures.0.model.pixels() == pictures.1.model.pixels(), "{given:?} {same:?}");
    }
}

#[test]
fn a_repetition_without_measure_is_bounded() {
    let terminal = terminal(80, 24);
    let begun = std::time::Instant::now();
    terminal.feed(&b"x\x1b[65535b".repeat(2000));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn older_ways_to_report_the_mouse_are_kept() {
    let terminal = terminal(300, 24);
    let say = |column, row, buttons| {
        String::from_utf8(mouse(&terminal, column, row, buttons).to_remote).unwrap()
    };
    terminal.feed(b"\x1b[?9h");
    assert_eq!(say(2, 1, LEFT), "\x1b[M #\"");
    assert_eq!(say(2, 1, 0), "", "presses alone");
    terminal.feed(b"\x1b[?1002h\x1b[?1015h");
    assert_eq!(say(250, 1, RIGHT), "\x1b[34;251;2M");
    assert_eq!(say(251, 1, RIGHT), "\x1b[66;252;2M");
    assert_eq!(say(251, 1, 0), "\x1b[35;252;2M");
    terminal.feed(b"\x1b[?1016h");
    assert_eq!(say(2, 1, LEFT), "\x1b[<0;26;29M", "the middle of the cell");
    assert_eq!(say(2, 1, 0), "\x1b[<0;26;29m");
    terminal.feed(b"\x1b[?1016l\x1b[?1002l");
    assert_eq!(say(2, 1, LEFT), "");
}

#[test]
fn a_synchronised_update_holds_the_picture_but_not_for_long() {
    let terminal = terminal(40, 6);
    let mut painter = terminal.painter(VIEWER);
    let mut canvas = WireCanvas::new();
    painter.paint(&mut canvas);
    terminal.feed(b"\x1b[?2026hhalf");
    assert!(!painter.paint(&mut canvas));
    let wait = painter.again_in().unwrap();
    assert!(wait <= Duration::from_millis(150));
    terminal.feed(b" whole\x1b[?2026l");
    assert!(painter.paint(&mut canvas));
    terminal.feed(b"\x1b[?2026hnever ended");
    assert!(!painter.paint(&mut canvas));
    terminal.feed(b"\x1b[?2026hnor now");
    std::thread::sleep(painter.again_in().unwrap());
    assert!(painter.paint(&mut canvas), "one that is repeated holds no longer");
    assert!(Viewer::of(&terminal).look().0 > 0, "who comes meanwhile sees something");
}
