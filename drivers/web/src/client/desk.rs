//! Where viewers work: the tabs of one browser, one of them in view.

use std::ops::ControlFlow;
use std::sync::Arc;

use fanlight_core::{Host, Input, Viewport};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::dialogs::{self, ANSWER, Dialog, Kind};
use super::frames::Frames;
use super::keys::{Keyboard, Stroke};
use super::mouse::Pointer;
use super::tabs::{Tab, Tabs};
use crate::cdp::{CdpError, Event, Subscription, Visitor};

/// Name of our script's world in each page, and of the function by which it tells.
const WORLD: &str = "fanlightPage";
const SCRIPT: &str = include_str!("page.js");
/// Dots per inch where a page's pixel is one of the screen's.
const USUAL_DPI: f64 = 96.0;
/// Longest title that is told, characters.
const LONGEST_TITLE: usize = 200;

/// What viewers may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permitted {
    pub(super) copy: bool,
    pub(super) input: bool,
}

pub(super) struct Desk {
    visitor: Arc<Visitor>,
    frames: Frames,
    viewport: Viewport,
    host: Arc<dyn Host>,
    permitted: Permitted,
    tabs: Tabs,
    dialogs: Vec<Dialog>,
    keyboard: Keyboard,
    pointer: Pointer,
    /// What viewers offered for pasting last.
    offered: Option<String>,
}

impl Desk {
    pub(super) fn new(
        visitor: Arc<Visitor>,
        frames: Frames,
        viewport: Viewport,
        host: Arc<dyn Host>,
        permitted: Permitted,
    ) -> Self {
        Self {
            visitor,
            frames,
            viewport,
            host,
            permitted,
            tabs: Tabs::default(),
            dialogs: Vec::new(),
            keyboard: Keyboard::default(),
            pointer: Pointer::default(),
            offered: None,
        }
    }

    /// Opens the first tab.
    pub(super) async fn open(&self, url: &str) -> Result<(), CdpError> {
        let root = self.visitor.root();
        self.visitor.see_tabs().await?;
        let denied = json!({"behavior": "deny"});
        self.visitor.tell(root, "Browser.setDownloadBehavior", denied).await?;
        self.visitor.tell(root, "Target.createTarget", json!({"url": url})).await
    }

    /// Lives until the last tab is closed.
    pub(super) async fn run(
        &mut self,
        events: &mut Subscription,
        input: &mut mpsc::Receiver<Input>,
    ) -> Result<(), CdpError> {
        loop {
            tokio::select! {
                event = events.recv() => {
                    if self.hear(event.ok_or(CdpError::Closed)?).await?.is_break() {
                        return Ok(());
                    }
                }
                doing = input.recv() => match doing {
                    Some(doing) => self.act(doing).await?,
                    None => return Ok(()),
                }
            }
        }
    }

    async fn hear(&mut self, event: Arc<Event>) -> Result<ControlFlow<()>, CdpError> {
        match event.method.as_str() {
            "Page.screencastFrame" => self.frames.take(event).await,
            "Target.attachedToTarget" => self.greet(&event).await?,
            "Target.detachedFromTarget" => return self.forget(&event).await,
            "Page.javascriptDialogOpening" => {
                self.ask(&event, Kind::Script, dialogs::of_script(&event.params)).await?;
            }
            "Page.javascriptDialogClosed" => self.close_dialog(&event).await?,
            "Inspector.targetCrashed" => {
                self.ask(&event, Kind::Crash, dialogs::of_crash()).await?;
            }
            "Runtime.bindingCalled" => self.listen(&event).await?,
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn greet(&mut self, event: &Event) -> Result<(), CdpError> {
        let text = |pointer| event.text(pointer).unwrap_or_default().to_owned();
        let tab = Tab { session: text("/sessionId"), target: text("/targetInfo/targetId") };
        if event.text("/targetInfo/type") == Some("page") {
            self.prepare(&tab).await?;
            self.leave().await?;
            self.tabs.add(tab.clone());
            self.view().await?;
        }
        self.visitor.tell(&tab.session, "Runtime.runIfWaitingForDebugger", json!({})).await
    }

    /// Everything that must be so before a tab's page begins.
    async fn prepare(&self, tab: &Tab) -> Result<(), CdpError> {
        let is_ours = self.dialogs.iter().any(|dialog| dialog.target == tab.target);
        let binding = match is_ours {
            true => json!({"name": ANSWER}),
            false => json!({"name": WORLD, "executionContextName": WORLD}),
        };
        let script = json!({"source": SCRIPT, "worldName": WORLD, "runImmediately": true});
        let commands = [
            ("Page.enable", json!({})),
            ("Inspector.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Runtime.addBinding", binding),
            ("Page.addScriptToEvaluateOnNewDocument", script),
            ("Emulation.setFocusEmulationEnabled", json!({"enabled": true})),
        ];
        for (method, params) in commands {
            if !is_ours || method != "Page.addScriptToEvaluateOnNewDocument" {
                self.visitor.tell(&tab.session, method, params).await?;
            }
        }
        Ok(())
    }

    /// No pictures of the tab in view any more.
    async fn leave(&self) -> Result<(), CdpError> {
        match self.tabs.shown() {
            Some(tab) => self.visitor.tell(&tab.session, "Page.stopScreencast", json!({})).await,
            None => Ok(()),
        }
    }

    /// Pictures of the tab that is to be in view, in the window's size.
    async fn view(&self) -> Result<(), CdpError> {
        let Some(tab) = self.tabs.shown() else { return Ok(()) };
        let Viewport { width, height, .. } = self.viewport;
        let scale = self.scale();
        let css = |pixels: u32| (f64::from(pixels) / scale).round();
        let metrics = json!({
            "width": css(width), "height": css(height), "deviceScaleFactor": scale, "mobile": false,
        });
        let cast = json!({
            "format": "png", "maxWidth": width, "maxHeight": height, "everyNthFrame": 1,
        });
        let tell = |method, params| self.visitor.tell(&tab.session, method, params);
        tell("Emulation.setDeviceMetricsOverride", metrics).await?;
        tell("Page.bringToFront", json!({})).await?;
        tell("Page.startScreencast", cast).await
    }

    /// Pixels of the screen for one of the page.
    fn scale(&self) -> f64 {
        f64::from(self.viewport.dpi) / USUAL_DPI
    }

    async fn forget(&mut self, event: &Event) -> Result<ControlFlow<()>, CdpError> {
        let session = event.text("/sessionId").unwrap_or_default();
        let was_shown = self.tabs.is_shown(session);
        if !self.tabs.remove(session) {
            return Ok(ControlFlow::Continue(()));
        }
        if self.tabs.shown().is_none() {
            return Ok(ControlFlow::Break(()));
        }
        if was_shown {
            self.view().await?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Shows a question about a tab on top.
    async fn ask(&mut self, event: &Event, kind: Kind, url: String) -> Result<(), CdpError> {
        let Some(about) = event.session.clone() else { return Ok(()) };
        let root = self.visitor.root();
        let made = self.visitor.call(root, "Target.createTarget", json!({"url": url})).await?;
        let target = made["targetId"].as_str().unwrap_or_default().to_owned();
        self.dialogs.push(Dialog { about, target, kind });
        Ok(())
    }

    /// The page has its answer, from us or because it is left.
    async fn close_dialog(&mut self, event: &Event) -> Result<(), CdpError> {
        let about = event.session.as_deref();
        let found = self.dialogs.iter().position(|dialog| Some(dialog.about.as_str()) == about);
        match found.map(|place| self.dialogs.remove(place)) {
            Some(dialog) => self.close(&dialog.target).await,
            None => Ok(()),
        }
    }

    async fn close(&self, target: &str) -> Result<(), CdpError> {
        let root = self.visitor.root();
        self.visitor.tell(root, "Target.closeTarget", json!({"targetId": target})).await
    }

    /// Hears what our script in a page says.
    async fn listen(&mut self, event: &Event) -> Result<(), CdpError> {
        let said = event.text("/payload").and_then(|text| serde_json::from_str::<Value>(text).ok());
        let (Some(said), Some(session)) = (said, &event.session) else { return Ok(()) };
        if event.text("/name") == Some(ANSWER) {
            return self.answer(session.clone(), &said).await;
        }
        if !self.tabs.is_shown(session) {
            return Ok(());
        }
        if let Some(title) = said["title"].as_str() {
            self.host.title(title.chars().take(LONGEST_TITLE).collect());
        }
        if let Some(text) = said["copied"].as_str().filter(|_| self.permitted.copy) {
            self.host.clipboard(text.to_owned());
        }
        Ok(())
    }

    async fn answer(&mut self, session: String, said: &Value) -> Result<(), CdpError> {
        let target = self.tabs.of_session(&session).map(|tab| tab.target.clone());
        let is_it = |dialog: &Dialog| Some(&dialog.target) == target.as_ref();
        let Some(place) = self.dialogs.iter().position(is_it) else { return Ok(()) };
        let dialog = self.dialogs.remove(place);
        self.close(&dialog.target).await?;
        let accept = said["accept"] == true;
        match dialog.kind {
            Kind::Script => {
                let params = json!({"accept": accept, "promptText": said["promptText"]});
                self.visitor.tell(&dialog.about, "Page.handleJavaScriptDialog", params).await
            }
            Kind::Crash if accept => {
                self.visitor.tell(&dialog.about, "Page.reload", json!({})).await
            }
            Kind::Crash => match self.tabs.of_session(&dialog.about) {
                Some(tab) => self.close(&tab.target).await,
                None => Ok(()),
            },
        }
    }

    async fn act(&mut self, doing: Input) -> Result<(), CdpError> {
        match doing {
            Input::Resize(viewport) => {
                self.viewport = viewport;
                self.leave().await?;
                return self.view().await;
            }
            Input::Clipboard(text) => self.offered = Some(text),
            Input::Key { keysym, pressed } if self.permitted.input => {
                return self.press(keysym, pressed).await;
            }
            Input::Mouse { x, y, buttons, .. } if self.permitted.input => {
                let at = (f64::from(x) / self.scale(), f64::from(y) / self.scale());
                for event in self.pointer.events(at, buttons, self.keyboard.modifiers()) {
                    self.to_page("Input.dispatchMouseEvent", event).await?;
                }
            }
            Input::Key { .. } | Input::Mouse { .. } | Input::Argument { .. } => {}
        }
        Ok(())
    }

    async fn press(&mut self, keysym: u32, pressed: bool) -> Result<(), CdpError> {
        match self.keyboard.stroke(keysym, pressed) {
            Stroke::Key(event) => self.to_page("Input.dispatchKeyEvent", event).await,
            Stroke::Paste => match &self.offered {
                Some(text) => self.to_page("Input.insertText", json!({"text": text})).await,
                None => Ok(()),
            },
            Stroke::Travel(pages) => {
                let go = json!({"expression": format!("history.go({pages})")});
                self.to_page("Runtime.evaluate", go).await
            }
            Stroke::Reload => self.to_page("Page.reload", json!({})).await,
            Stroke::Nothing => Ok(()),
        }
    }

    async fn to_page(&self, method: &str, params: Value) -> Result<(), CdpError> {
        match self.tabs.shown() {
            Some(tab) => self.visitor.tell(&tab.session, method, params).await,
            None => Ok(()),
        }
    }
}
