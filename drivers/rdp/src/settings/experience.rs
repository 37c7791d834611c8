use fanlight_core::{Plan, PlanFields};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is shown of the desktop's ornaments, and what is kept on this side to draw faster.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Experience {
    /// Shows the desktop's wallpaper.
    #[serde(default)]
    #[schemars(title = "Wallpaper", extend("x-group" = "Display"))]
    pub enable_wallpaper: bool,
    /// Draws windows and controls in their theme.
    #[serde(default)]
    #[schemars(title = "Themes", extend("x-group" = "Display"))]
    pub enable_theming: bool,
    /// Smooths the edges of text. On if left out.
    #[schemars(title = "Smooth text", extend("x-group" = "Display"))]
    pub enable_font_smoothing: Option<bool>,
    /// Shows a window's content while it is moved.
    #[serde(default)]
    #[schemars(title = "Content while dragging", extend("x-group" = "Display"))]
    pub enable_full_window_drag: bool,
    /// Transparent windows and shadows.
    #[serde(default)]
    #[schemars(title = "Desktop composition", extend("x-group" = "Display"))]
    pub enable_desktop_composition: bool,
    /// Lets menus slide and fade.
    #[serde(default)]
    #[schemars(title = "Menu animations", extend("x-group" = "Display"))]
    pub enable_menu_animations: bool,
    /// Sends each picture anew instead of keeping it: for servers whose caches go wrong.
    #[serde(default)]
    #[schemars(title = "No bitmap cache", extend("x-group" = "Display"))]
    pub disable_bitmap_caching: bool,
    /// Keeps no hidden part of the screen on this side: for servers whose caches go wrong.
    #[serde(default)]
    #[schemars(title = "No off-screen cache", extend("x-group" = "Display"))]
    pub disable_offscreen_caching: bool,
    /// Keeps no letters on this side: for servers whose caches go wrong.
    #[serde(default)]
    #[schemars(title = "No glyph cache", extend("x-group" = "Display"))]
    pub disable_glyph_caching: bool,
    /// Draws without the graphics pipeline of RDP 8: for servers that show nothing with it.
    #[serde(default)]
    #[schemars(title = "No graphics pipeline", extend("x-group" = "Display"))]
    pub disable_gfx: bool,
}

impl PlanFields for Experience {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.set_some("enable-font-smoothing", self.enable_font_smoothing)
            .set_flag("enable-wallpaper", self.enable_wallpaper)
            .set_flag("enable-theming", self.enable_theming)
            .set_flag("enable-full-window-drag", self.enable_full_window_drag)
            .set_flag("enable-desktop-composition", self.enable_desktop_composition)
            .set_flag("enable-menu-animations", self.enable_menu_animations)
            .set_flag("disable-bitmap-caching", self.disable_bitmap_caching)
            .set_flag("disable-offscreen-caching", self.disable_offscreen_caching)
            .set_flag("disable-glyph-caching", self.disable_glyph_caching)
            .set_flag("disable-gfx", self.disable_gfx)
            .default("enable-font-smoothing", "true")
    }
}
