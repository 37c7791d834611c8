//! Random output and random viewers: whatever happens, everyone sees the same picture,
//! down to the pixel.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::support::{Viewer, picture, viewport};
use fanlight_core::{Input, ViewerId};
use fanlight_engine::terminal::Terminal;
use proptest::prelude::*;

/// Frames that a viewer may have before it acknowledges one.
const MOST_IN_FLIGHT: usize = 2;
const MOST_VIEWERS: usize = 4;

/// What remote programs and viewers do.
#[derive(Debug, Clone)]
enum Act {
    Print(String),
    Resize(u32, u32),
    Wheel(bool),
    Argument(usize, &'static str, String),
    Rest,
    Join,
    Leave(usize),
    /// The gateway paints for a viewer, if that has acknowledged enough.
    Paint(usize),
    /// A viewer shows a frame and acknowledges it.
    Acknowledge(usize),
}

fn output() -> impl Strategy<Value = String> {
    let text =
        "[ -~]{1,30}|[a-z0-9 ]{1,60}|[─-╿]{1,9}|[中日本語한]{1,9}|[a-z][\u{300}-\u{303}]{1,2}";
    let pictograms = prop::sample::select(vec![
        "😀",
        "🚀🔥",
        "❤\u{FE0F}",
        "👍🏽",
        "👩\u{200D}💻",
        "🇩🇪🇯🇵",
        "🇩",
        "👩\u{200D}",
        "🏽",
        "שלום",
        "ไทย",
    ]);
    let style = (0..108_u32).prop_map(|code| format!("\x1b[{code}m"));
    let underline = (0..6_u32).prop_map(|kind| format!("\x1b[4:{kind}m"));
    let color = (30..60_u32, 0..256_u32)
        .prop_map(|(at, color)| format!("\x1b[{};5;{color}m", 38 + (at - 30) / 10 * 10));
    let true_color = (prop::sample::select(vec![38, 48, 58]), any::<[u8; 3]>())
        .prop_map(|(at, [r, g, b])| format!("\x1b[{at};2;{r};{g};{b}m"));
    let rainbow = (1..150_u32, any::<[u8; 3]>()).prop_map(|(length, [r, g, b])| {
        let step = |at: u32, by: u32| (at.wrapping_mul(by) % 256) as u8;
        let cell = |at| {
            let (r, g, b) = (r ^ step(at, 7), g ^ step(at, 13), b ^ step(at, 29));
            format!("\x1b[38;2;{r};{g};{b}m{}", char::from(b'!' + (at % 90) as u8))
        };
        (0..length).map(cell).collect()
    });
    let moves = (1..26_u32, 1..82_u32).prop_map(|(row, column)| format!("\x1b[{row};{column}H"));
    let region = (1..10_u32, 10..25_u32).prop_map(|(top, end)| format!("\x1b[{top};{end}r"));
    let counted = (1..30_u32, "[@ABCDJKLMPSTXZ]").prop_map(|(n, last)| format!("\x1b[{n}{last}"));
    let fixed = prop::sample::select(vec![
        "\r\n\r\n\r\n",
        "\x1bM",
        "\x1bD",
        "\x1b[2J",
        "\x1b[H",
        "\x1b[0m",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?25l",
        "\x1b[?25h",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b[4 q",
        "\x1b[6 q",
        "\x1b[2 q",
        "\t",
        "\x08",
        "\x1bc",
        "\x1b[r",
        "\x1b(0",
        "\x1b(B",
        "\x1b]11;#102030\x07",
        "\x1b]111\x07",
        "\x1b]12;#ff8800\x07",
        "\x1b#8",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        8 => text,
        2 => pictograms.prop_map(str::to_owned),
        3 => Just("\r\n".to_owned()),
        2 => style,
        1 => underline,
        2 => color,
        2 => true_color,
        2 => rainbow,
        3 => moves,
        1 => region,
        3 => counted,
        3 => fixed,
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let viewer = 0..MOST_VIEWERS;
    let argument = prop::sample::select(vec![
        ("focus", "in"),
        ("focus", "out"),
        ("font-size", "9"),
        ("font-size", "12"),
        ("color-scheme", "black-white"),
        ("color-scheme", "gray-black"),
        ("scrollback", "3"),
    ]);
    prop_oneof![
        30 => output().prop_map(Act::Print),
        1 => (4..90_u32, 2..30_u32).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
        1 => any::<bool>().prop_map(Act::Wheel),
        1 => (viewer.clone(), argument).prop_map(|(viewer, (name, value))| {
            Act::Argument(viewer, name, value.to_owned())
        }),
        1 => Just(Act::Rest),
        1 => Just(Act::Join),
        1 => viewer.clone().prop_map(Act::Leave),
        6 => viewer.clone().prop_map(Act::Paint),
        6 => viewer.prop_map(Act::Acknowledge),
    ]
}

/// A viewer at the end of a line that holds frames back.
struct Distant {
    number: ViewerId,
    viewer: Viewer,
    in_flight: VecDeque<Vec<u8>>,
}

impl Distant {
    fn paint(&mut self) {
        if self.in_flight.len() < MOST_IN_FLIGHT {
            self.in_flight.push_back(self.viewer.paint());
        }
    }

    fn acknowledge(&mut self) {
        if let Some(frame) = self.in_flight.pop_front() {
            self.viewer.show(&frame);
        }
    }

    /// Everything arrives.
    fn settle(&mut self) {
        while !self.in_flight.is_empty() {
            self.acknowledge();
        }
        self.paint();
        self.acknowledge();
    }
}

/// A terminal and those who watch it.
struct Room {
    terminal: Arc<Terminal>,
    viewers: Vec<Distant>,
    came: u64,
}

impl Room {
    fn act(&mut self, act: Act) {
        let terminal = &self.terminal;
        let count = self.viewers.len().max(1);
        match act {
            Act::Print(text) => drop(terminal.feed(text.as_bytes())),
            Act::Resize(columns, rows) => {
                terminal.input(&Input::Resize(viewport(columns, rows)));
            }
            Act::Wheel(up) => {
                for buttons in [if up { 8 } else { 16 }, 0] {
                    let viewer = ViewerId(0);
                    terminal.input(&Input::Mouse { viewer, x: 5, y: 5, buttons });
                }
            }
            Act::Argument(index, name, value) => {
                if let Some(Distant { number, .. }) = self.viewers.get(index % count) {
                    let (viewer, name) = (*number, name.to_owned());
                    terminal.input(&Input::Argument { viewer, name, value });
                }
            }
            Act::Rest => terminal.rest(),
            Act::Join if count < MOST_VIEWERS => {
                self.came += 1;
                let number = ViewerId(self.came);
                let viewer = Viewer::numbered(terminal, number);
                self.viewers.push(Distant { number, viewer, in_flight: VecDeque::new() });
            }
            Act::Join => {}
            Act::Leave(index) if index < self.viewers.len() && self.viewers.len() > 1 => {
                drop(self.viewers.remove(index));
            }
            Act::Leave(_) => {}
            Act::Paint(index) => {
                self.viewers.get_mut(index % count).into_iter().for_each(Distant::paint)
            }
            Act::Acknowledge(index) => {
                self.viewers.get_mut(index % count).into_iter().for_each(Distant::acknowledge);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// However late a viewer came and however many frames it missed, it sees what one sees
    /// for whom the terminal's present state is drawn from nothing.
    #[test]
    fn every_viewer_sees_the_same(acts in prop::collection::vec(act(), 1..150)) {
        let mut room = Room { terminal: crate::support::terminal(60, 20), viewers: Vec::new(), came: 0 };
        room.act(Act::Join);
        for act in acts {
            room.act(act);
        }
        for distant in &mut room.viewers {
            let focus = Input::Argument { viewer: distant.number, name: "focus".into(), value: "in".into() };
            room.terminal.input(&focus);
        }
        let fresh = picture(&room.terminal);
        for distant in &mut room.viewers {
            distant.settle();
            let seen = &distant.viewer.model;
            prop_assert_eq!((seen.width(), seen.height()), (fresh.model.width(), fresh.model.height()));
            prop_assert!(seen.pixels() == fresh.model.pixels(), "the pictures differ");
        }
    }

    /// Whatever bytes arrive in whatever pieces, the terminal stands and shows one picture.
    #[test]
    fn any_bytes_are_survived(
        pieces in prop::collection::vec(("[\\x00-\\x7f\u{80}-\u{a0}中e\u{301}]{0,80}", any::<[u8; 6]>()), 1..40),
        width in 1_u32..900,
        height in 1_u32..500,
    ) {
        let terminal = crate::support::terminal(30, 10);
        let mut viewer = Viewer::of(&terminal);
        for (index, (text, bytes)) in pieces.iter().enumerate() {
            terminal.feed(b"\x1b");
            terminal.feed(text.as_bytes());
            terminal.feed(b"\x1b[");
            terminal.feed(bytes);
            if index % 7 == 3 {
                viewer.look();
                terminal.rest();
            }
            if index % 10 == 5 {
                let window = fanlight_core::Viewport { width, height, dpi: 96 };
                terminal.input(&Input::Resize(window));
            }
        }
        viewer.look();
        prop_assert!(viewer.model.pixels() == picture(&terminal).model.pixels());
    }
}
