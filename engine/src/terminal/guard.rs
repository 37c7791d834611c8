use alacritty_terminal::Term;
use alacritty_terminal::event::EventListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Column;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, ClearMode, CursorShape, CursorStyle, Handler, Hyperlink, KeyboardModes,
    KeyboardModesApplyBehavior, LineClearMode, Mode, ModifyOtherKeys, PrivateMode, Rgb,
    ScpCharPath, ScpUpdateMode, StandardCharset, TabulationClearMode,
};
use unicode_width::UnicodeWidthChar;

use super::history::History;

/// Bytes of a link: it is kept as long as a cell that has it.
const LONGEST_LINK: usize = 1024;
const LONGEST_TITLE: usize = 256;
const DEEPEST_TITLE_STACK: u8 = 16;
const MOST_COMBINING: usize = 8;
const LARGEST_CLIPBOARD: usize = 512 * 1024;
/// Rows above its screen that the emulator may have before they are packed.
const MOST_UNPACKED: usize = 400;
const ALTERNATE_SCREEN: [u16; 2] = [47, 1047];

/// Stands between the parser and the emulator: bounds what the remote side can make it
/// keep (titles, combining characters, clipboard, links)
/// and adds the older switches of the alternate screen.
pub(super) struct Guard<'a, T> {
    pub(super) term: &'a mut Term<T>,
    pub(super) titles: &'a mut u8,
    pub(super) history: &'a mut History,
}

impl<T: EventListener> Guard<'_, T> {
    fn combining_is_full(&self) -> bool {
        let cursor = &self.term.grid().cursor;
        let back = usize::from(!cursor.input_needs_wrap);
        let row = &self.term.grid()[cursor.point.line];
        (0..2).any(|more| {
            let column = Column(cursor.point.column.0.saturating_sub(back + more));
            row[column].zerowidth().is_some_and(|marks| marks.len() >= MOST_COMBINING)
        })
    }

    fn show_alternate(&mut self, wanted: bool) {
        if self.term.mode().contains(TermMode::ALT_SCREEN) != wanted {
            self.term.swap_alt();
        }
    }

    /// What scrolled away does not pile up while a lot is printed at once.
    #[inline]
    fn settle(&mut self) {
        if self.term.history_size() >= MOST_UNPACKED {
            self.history.take(self.term);
        }
    }

    fn in_line(&self, columns: usize) -> usize {
        columns.min(self.term.columns())
    }
}

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($argument: $type),*) { self.term.$name($($argument),*); })*
    };
}

/// The same for what may scroll.
macro_rules! pass_on_and_settle {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($argument: $type),*) {
            self.term.$name($($argument),*);
            self.settle();
        })*
    };
}

impl<T: EventListener> Handler for Guard<'_, T> {
    #[inline]
    fn input(&mut self, c: char) {
        if !c.is_ascii() && c.width() == Some(0) && self.combining_is_full() {
            return;
        }
        self.term.input(c);
        self.settle();
    }

    fn set_title(&mut self, title: Option<String>) {
        self.term
            .set_title(title.map(|text| {
                text.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect()
            }));
    }

    fn push_title(&mut self) {
        if *self.titles < DEEPEST_TITLE_STACK {
            *self.titles += 1;
            self.term.push_title();
        }
    }

    fn pop_title(&mut self) {
        *self.titles = self.titles.saturating_sub(1);
        self.term.pop_title();
    }

    fn set_hyperlink(&mut self, link: Option<Hyperlink>) {
        let fits = |link: &Hyperlink| {
            let id = link.id.as_ref().map_or(0, String::len);
            link.uri.len() + id <= LONGEST_LINK && !link.uri.chars().any(char::is_control)
        };
        self.term.set_hyperlink(link.filter(fits));
    }

    fn clipboard_store(&mut self, clipboard: u8, base64: &[u8]) {
        if base64.len() <= LARGEST_CLIPBOARD {
            self.term.clipboard_store(clipboard, base64);
        }
    }

    fn set_private_mode(&mut self, mode: PrivateMode) {
        match mode {
            PrivateMode::Unknown(raw) if ALTERNATE_SCREEN.contains(&raw) => {
                self.show_alternate(true)
            }
            PrivateMode::Unknown(1048) => self.term.save_cursor_position(),
            _ => self.term.set_private_mode(mode),
        }
    }

    fn unset_private_mode(&mut self, mode: PrivateMode) {
        match mode {
            PrivateMode::Unknown(raw) if ALTERNATE_SCREEN.contains(&raw) => {
                self.show_alternate(false);
            }
            PrivateMode::Unknown(1048) => self.term.restore_cursor_position(),
            _ => self.term.unset_private_mode(mode),
        }
    }

    fn put_tab(&mut self, count: u16) {
        self.term.put_tab(self.in_line(usize::from(count)) as u16);
    }

    fn reset_state(&mut self) {
        *self.titles = 0;
        self.history.clear();
        self.term.reset_state();
    }

    fn clear_screen(&mut self, mode: ClearMode) {
        if matches!(mode, ClearMode::Saved) {
            self.history.clear();
        }
        self.term.clear_screen(mode);
        self.settle();
    }

    pass_on_and_settle! {
        linefeed();
        newline();
        scroll_up(rows: usize);
        delete_lines(count: usize);
        move_down_and_cr(rows: usize);
    }

    pass_on! {
        set_cursor_style(style: Option<CursorStyle>);
        set_cursor_shape(shape: CursorShape);
        goto(line: i32, column: usize);
        goto_line(line: i32);
        goto_col(column: usize);
        insert_blank(count: usize);
        move_up(rows: usize);
        move_down(rows: usize);
        identify_terminal(intermediate: Option<char>);
        device_status(argument: usize);
        move_forward(columns: usize);
        move_backward(columns: usize);
        move_up_and_cr(rows: usize);
        backspace();
        carriage_return();
        bell();
        substitute();
        set_horizontal_tabstop();
        scroll_down(rows: usize);
        insert_blank_lines(count: usize);
        erase_chars(count: usize);
        delete_chars(count: usize);
        move_backward_tabs(count: u16);
        move_forward_tabs(count: u16);
        save_cursor_position();
        restore_cursor_position();
        clear_line(mode: LineClearMode);
        clear_tabs(mode: TabulationClearMode);
        set_tabs(interval: u16);
        reverse_index();
        terminal_attribute(attribute: Attr);
        set_mode(mode: Mode);
        unset_mode(mode: Mode);
        report_mode(mode: Mode);
        report_private_mode(mode: PrivateMode);
        set_scrolling_region(top: usize, bottom: Option<usize>);
        set_keypad_application_mode();
        unset_keypad_application_mode();
        set_active_charset(index: CharsetIndex);
        configure_charset(index: CharsetIndex, charset: StandardCharset);
        set_color(index: usize, color: Rgb);
        dynamic_color_sequence(prefix: String, index: usize, terminator: &str);
        reset_color(index: usize);
        clipboard_load(clipboard: u8, terminator: &str);
        decaln();
        text_area_size_pixels();
        text_area_size_chars();
        report_keyboard_mode();
        push_keyboard_mode(mode: KeyboardModes);
        pop_keyboard_modes(count: u16);
        set_keyboard_mode(mode: KeyboardModes, behavior: KeyboardModesApplyBehavior);
        set_modify_other_keys(mode: ModifyOtherKeys);
        report_modify_other_keys();
        set_scp(path: ScpCharPath, update: ScpUpdateMode);
    }
}
