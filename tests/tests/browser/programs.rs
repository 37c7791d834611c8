//! The programs of a day's work in a session, at one and at two pixels for a CSS pixel: what
//! they show is read as a screen reader would, lines join, and the mouse does what it says.

use std::fs;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{
    Browser, Engine, Gateway, Picture, Screen, Seat, Sshd, screenshots, ssh_session, still_picture,
};
use serde_json::json;

use super::{SCREEN, open, wait_for_state};

const SOURCE: &str = "// Café, naïve, 日本語, Ελληνικά\nfn main() {\n    let answer = 6 * 7;\n    \
                      println!(\"{answer}\");\n}\n";
/// The screen's text, as it is offered to screen readers.
const TEXT: &str = "[...document.querySelectorAll('[data-testid=screen-text] p')]\
                    .map((line) => line.textContent).join('\\n')";
/// The display on the page, in CSS pixels.
const PLACE: &str = "(() => {
  const box = document.querySelector('[data-testid=screen] canvas').getBoundingClientRect()
  return [box.x, box.y, box.width, box.height]
})()";

struct Desk {
    sshd: Sshd,
    _gateway: Gateway,
    browser: Browser,
    density: usize,
    columns: usize,
    rows: usize,
}

impl Desk {
    async fn with_density(density: usize) -> Result<Self> {
        let (sshd, gateway) = (Sshd::start().await?, Gateway::start(Engine::Embedded).await?);
        fs::write(sshd.home().join("sample.rs"), SOURCE)?;
        fs::write(
            sshd.home().join("long.txt"),
            (1..=500).map(|n| format!("line {n}\n")).collect::<String>(),
        )?;
        let browser = Browser::with_density(density).await?;
        open(&gateway, &browser, &ssh_session(&sshd)?).await?;
        wait_for_state(&browser, "connected").await?;
        let mut desk = Self { sshd, _gateway: gateway, browser, density, columns: 0, rows: 0 };
        desk.browser
            .evaluate("document.querySelector('[data-testid=screen-text-switch]').click()")
            .await?;
        desk.browser.evaluate("document.querySelector('[data-testid=keyboard]').focus()").await?;
        desk.until("text.includes('$')").await?;
        desk.learn_size().await?;
        Ok(desk)
    }

    async fn learn_size(&mut self) -> Result<()> {
        self.type_text("stty size > part; mv part size; echo written\n").await?;
        self.until("text.split('\\n').includes('written')").await?;
        let size = fs::read_to_string(self.sshd.home().join("size"))?;
        let mut size = size.split_whitespace().map(str::parse);
        (self.rows, self.columns) =
            (size.next().context("rows")??, size.next().context("columns")??);
        Ok(())
    }

    fn screen(&self) -> Screen<'_> {
        Screen { browser: &self.browser, selector: SCREEN }
    }

    async fn type_text(&self, text: &str) -> Result<()> {
        self.screen().type_text(text).await
    }

    /// Waits until a condition on the screen's `text` holds.
    async fn until(&self, condition: &str) -> Result<()> {
        let waited = self.browser.wait_until(&format!("((text) => {condition})({TEXT})")).await;
        if waited.is_err() {
            let text = self.text().await?;
            return waited.with_context(|| format!("{condition} does not hold for:\n{text}"));
        }
        Ok(())
    }

    async fn text(&self) -> Result<String> {
        Ok(self.browser.evaluate(TEXT).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Row and column of some text, counted from 0.
    async fn find(&self, wanted: &str) -> Result<(usize, usize)> {
        let text = self.text().await?;
        let place = text
            .lines()
            .enumerate()
            .find_map(|(row, line)| line.find(wanted).map(|at| (row, line[..at].chars().count())));
        place.with_context(|| format!("{wanted:?} is not in:\n{text}"))
    }

    /// Clicks into the first character of some text.
    async fn click_on(&self, wanted: &str) -> Result<()> {
        let (row, column) = self.find(wanted).await?;
        let place = self.browser.evaluate(PLACE).await?;
        let number = |i: usize| place[i].as_f64().context("no number");
        let (wide, high) = (number(2)? / self.columns as f64, number(3)? / self.rows as f64);
        let at =
            [number(0)? + (column as f64 + 0.5) * wide, number(1)? + (row as f64 + 0.5) * high];
        self.browser.call("drag", json!({ "from": at, "to": at })).await.map(drop)
    }

    /// The still picture, which is also kept as a screenshot of the page.
    async fn keep(&self, name: &str) -> Result<Picture> {
        let picture = still_picture(&self.screen()).await?;
        let folder = screenshots()?.join("programs");
        fs::create_dir_all(&folder)?;
        self.browser.screenshot(&folder.join(format!("{name}-{}.png", self.density))).await?;
        Ok(picture)
    }

    /// The prompt is back, on a cleared screen.
    async fn prompt(&self) -> Result<()> {
        self.type_text("clear; echo at-$((6*7))\n").await?;
        self.until("text.split('\\n').includes('at-42')").await
    }

    async fn vim(&self) -> Result<()> {
        self.type_text(
            "vim -u NONE -N -c 'syntax on' -c 'set number ruler laststatus=2' sample.rs\n",
        )
        .await?;
        self.until(
            "text.includes('let answer') && text.includes('日本語') && text.includes('All')",
        )
        .await?;
        self.type_text("Gohello from here").await?;
        self.browser.press("Escape").await?;
        self.until("text.includes('hello from here') && text.includes('[+]')").await?;
        self.keep("vim").await?;
        self.type_text(":q!\n").await?;
        self.prompt().await
    }

    async fn tmux(&self) -> Result<()> {
        self.type_text("tmux -f /dev/null -L fanlight new-session -s work\n").await?;
        self.until("text.includes('[work]')").await?;
        self.browser.press("Control+b").await?;
        self.type_text("%").await?;
        self.until("text.split('\\n').filter((line) => line.includes('│')).length > 10").await?;
        self.type_text("echo right-$((40+2))\n").await?;
        self.until("text.includes('right-42')").await?;
        let picture = self.keep("tmux").await?;
        self.joins(&picture).await?;
        self.type_text("tmux -L fanlight kill-server\n").await?;
        self.until("text.includes('exited')").await?;
        self.prompt().await
    }

    /// The line between tmux's panes has no gap from the first row to the last but one.
    async fn joins(&self, picture: &Picture) -> Result<()> {
        let (_, column) = self.find("│").await?;
        let (wide, high) = (picture.width / self.columns, picture.height / self.rows);
        let background = picture.at(picture.width / 4, picture.height / 2).to_vec();
        let unbroken = (column * wide..(column + 1) * wide)
            .any(|x| (0..(self.rows - 2) * high).all(|y| picture.at(x, y) != background));
        ensure!(unbroken, "the line in column {column} has gaps");
        Ok(())
    }

    async fn htop(&self) -> Result<()> {
        self.type_text("htop\n").await?;
        self.until("text.includes('PID') && text.includes('CPU%') && text.includes('F10Quit')")
            .await?;
        self.browser.screenshot(&screenshots()?.join(format!("htop-{}.png", self.density))).await?;
        self.click_on("Quit").await?;
        self.until("!text.includes('F10Quit')").await?;
        self.prompt().await
    }

    async fn mc(&self) -> Result<()> {
        self.type_text("mc --nosubshell\n").await?;
        self.until("text.includes('sample.rs') && text.includes('10Quit')").await?;
        self.keep("mc").await?;
        self.click_on("Command").await?;
        self.until("text.includes('Find file')").await?;
        self.keep("mc-menu").await?;
        for key in ["Escape", "Escape", "F10"] {
            self.browser.press(key).await?;
        }
        self.until("!text.includes('10Quit') || text.includes('really want')").await?;
        if self.text().await?.contains("really want") {
            self.browser.press("Enter").await?;
        }
        self.prompt().await
    }

    async fn less(&self) -> Result<()> {
        self.type_text("less -N long.txt\n").await?;
        self.until("text.includes('line 7') && text.includes('long.txt')").await?;
        self.type_text("/line 250\n").await?;
        self.until("text.includes('line 250')").await?;
        self.type_text("G").await?;
        self.until("text.includes('line 500') && text.includes('(END)')").await?;
        self.keep("less").await?;
        self.type_text("q").await?;
        self.prompt().await
    }

    async fn nano(&self) -> Result<()> {
        self.type_text("nano sample.rs\n").await?;
        self.until(
            "text.includes('GNU nano') && text.includes('let answer') && text.includes('^X')",
        )
        .await?;
        self.type_text("// typed\n").await?;
        self.until("text.includes('// typed') && text.includes('sample.rs *')").await?;
        self.keep("nano").await?;
        self.browser.press("Control+x").await?;
        self.until("text.includes('Save modified buffer')").await?;
        self.type_text("n").await?;
        self.prompt().await
    }
}

async fn work_at(density: usize) -> Result<()> {
    let desk = Desk::with_density(density).await?;
    desk.vim().await.context("vim")?;
    desk.tmux().await.context("tmux")?;
    desk.htop().await.context("htop")?;
    desk.mc().await.context("mc")?;
    desk.less().await.context("less")?;
    desk.nano().await.context("nano")?;
    desk.browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn real_programs_are_whole_at_one_pixel_for_each() {
    work_at(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn real_programs_are_whole_at_two_pixels_for_each() {
    work_at(2).await.unwrap();
}
