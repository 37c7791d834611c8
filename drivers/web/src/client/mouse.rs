//! A pointer's state to what a page hears of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Guacamole's bit, the browser's name and the browser's bit of each button.
const BUTTONS: [(u8, &str, u8); 3] = [(1, "left", 1), (4, "right", 2), (2, "middle", 4)];
const WHEEL: [(u8, i32); 2] = [(8, -1), (16, 1)];
/// Pixels that a page moves by one notch of a wheel.
const NOTCH: i32 = 100;
const DOUBLE_CLICK: Duration = Duration::from_millis(500);
/// How far apart two clicks may be that are one double click, pixels.
const NEAR: f64 = 4.0;

/// One pointer for all viewers.
#[derive(Default)]
pub(super) struct Pointer {
    held: u8,
    last_click: Option<(Instant, f64, f64, u32)>,
}

impl Pointer {
    /// Parameters of `Input.dispatchMouseEvent` for what changed; `x` and `y` are CSS pixels.
    pub(super) fn events(&mut self, (x, y): (f64, f64), buttons: u8, modifiers: u8) -> Vec<Value> {
        let before = std::mem::replace(&mut self.held, buttons);
        let event = |kind: &str, held: u8| json!({"type": kind, "x": x, "y": y, "modifiers": modifiers, "buttons": bits(held)});
        let mut events = vec![event("mouseMoved", before)];
        for (bit, name, _) in BUTTONS.iter().filter(|(bit, ..)| (before ^ buttons) & bit != 0) {
            let is_down = buttons & bit != 0;
            let mut click = event(if is_down { "mousePressed" } else { "mouseReleased" }, buttons);
            click["button"] = json!(name);
            click["clickCount"] = json!(if is_down { self.clicks(x, y) } else { self.count() });
            events.push(click);
        }
        for (_, way) in WHEEL.iter().filter(|(bit, _)| buttons & !before & bit != 0) {
            let mut turn = event("mouseWheel", buttons);
            turn["deltaX"] = json!(0);
            turn["deltaY"] = json!(way * NOTCH);
            events.push(turn);
        }
        events
    }

    fn count(&self) -> u32 {
        self.last_click.map_or(1, |(.., count)| count)
    }

    fn clicks(&mut self, x: f64, y: f64) -> u32 {
        let now = Instant::now();
        let is_near = |(at, left, top, _): &(Instant, f64, f64, u32)| {
            now - *at < DOUBLE_CLICK && (left - x).abs() < NEAR && (top - y).abs() < NEAR
        };
        let count = self.last_click.filter(is_near).map_or(1, |(.., count)| count + 1);
        self.last_click = Some((now, x, y, count));
        count
    }
}

fn bits(held: u8) -> u8 {
    BUTTONS.iter().filter(|(bit, ..)| held & bit != 0).fold(0, |all, (.., bit)| all | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_click_at_the_same_place_is_a_double_click() {
        let mut pointer = Pointer::default();
        let mut click = |x: f64| {
            let down = pointer.events((x, 5.0), 1, 0);
            pointer.events((x, 5.0), 0, 0);
            (down[1]["type"].clone(), down[1]["clickCount"].clone())
        };
        assert_eq!(click(10.0), (json!("mousePressed"), json!(1)));
        assert_eq!(click(11.0).1, 2);
        assert_eq!(click(90.0).1, 1);
        let turned = pointer.events((90.0, 5.0), 16, 0);
        assert_eq!(turned[1]["deltaY"], NOTCH);
    }
}
