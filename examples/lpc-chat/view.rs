//! How the chat is shown: on a screen, or as plain lines where there is no terminal.

use std::io::{self, BufRead, Stdout, Write, stdin, stdout};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{Local, TimeZone};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers, read,
};
use crossterm::style::{Color, Print, PrintStyledContent, Stylize};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue};
use lpconnector::ChatState;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::News;
use crate::chat::{Change, Chat, Entry, Tick, Who};
use crate::sender::Job;

/// After so much time without a key nobody types any more.
const PAUSE: Duration = Duration::from_secs(3);

/// What a person does.
pub enum Input {
    /// A line that is ready.
    Line(String),
    /// Something on the keyboard.
    Event(Event),
    /// Leave at once, whatever is under way.
    Abort,
}

pub trait View {
    /// Shows what is new.
    fn show(&mut self, chat: &mut Chat) -> io::Result<()>;
    /// Takes what a person did. Gives back a line that is ready, and what the agent is to know of
    /// the typing.
    fn take(&mut self, input: Input) -> (Option<String>, Option<Job>);
    /// How long nothing may happen until `idle` is called.
    fn patience(&self) -> Duration;
    /// Nobody does anything.
    fn idle(&mut self) -> Option<Job>;
}

/// Plain lines, one for each thing that happens.
pub struct Plain;

impl Plain {
    pub fn new(news: Sender<News>) -> Plain {
        thread::spawn(move || {
            let lines = stdin().lock().lines().map_while(Result::ok);
            for line in lines.chain(["/quit".to_owned()]) {
                if news.send(News::Input(Input::Line(line))).is_err() {
                    return;
                }
            }
        });
        Plain
    }

    /// The whole chat.
    pub fn print(chat: &Chat) -> io::Result<()> {
        chat.history.iter().try_for_each(|entry| writeln!(stdout(), "{}", line(entry)))
    }
}

impl View for Plain {
    fn show(&mut self, chat: &mut Chat) -> io::Result<()> {
        let mut out = stdout().lock();
        for change in std::mem::take(&mut chat.changes) {
            match change {
                Change::Entry(number) => match &chat.history[number] {
                    // It is told once there is an answer.
                    Entry { tick: Some(Tick::Sending), .. } => {}
                    entry => {
                        writeln!(out, "{}", line(entry))?;
                        if entry.who == Who::Agent && !chat.offers.is_empty() {
                            writeln!(out, "       {}", offers(chat))?;
                        }
                    }
                },
                Change::Typing if chat.typing => writeln!(out, "       (the agent is typing)")?,
                Change::Typing => {}
            }
        }
        out.flush()
    }

    fn take(&mut self, input: Input) -> (Option<String>, Option<Job>) {
        match input {
            Input::Line(line) => (Some(line), None),
            Input::Event(_) | Input::Abort => (None, None),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn idle(&mut self) -> Option<Job> {
        None
    }
}

/// The terminal, as long as this lives.
pub struct Screen {
    out: Stdout,
    line: Vec<char>,
    cursor: usize,
    /// How many rows of the history are below the screen.
    scrolled: usize,
    /// The last key, as long as the agent believes that you type.
    typed: Option<Instant>,
}

impl Screen {
    pub fn new(news: Sender<News>) -> io::Result<Screen> {
        enable_raw_mode()?;
        // From here on, leaving puts everything back.
        let screen =
            Screen { out: stdout(), line: Vec::new(), cursor: 0, scrolled: 0, typed: None };
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        thread::spawn(move || {
            while let Ok(event) = read() {
                let is_abort = matches!(event, Event::Key(key) if control(key) == Some('c'));
                let input = if is_abort { Input::Abort } else { Input::Event(event) };
                if news.send(News::Input(input)).is_err() {
                    return;
                }
            }
            let _ = news.send(News::Input(Input::Abort));
        });
        Ok(screen)
    }

    fn key(&mut self, key: KeyEvent) -> Option<String> {
        match (control(key), key.code) {
            (Some('d'), _) if self.line.is_empty() => return Some("/quit".to_owned()),
            (Some('u'), _) => {
                self.line.drain(..self.cursor);
                self.cursor = 0;
            }
            (Some('a'), _) | (_, KeyCode::Home) => self.cursor = 0,
            (Some('e'), _) | (_, KeyCode::End) => self.cursor = self.line.len(),
            (Some(_), _) => {}
            (_, KeyCode::Enter) => {
                self.cursor = 0;
                self.scrolled = 0;
                return Some(std::mem::take(&mut self.line).into_iter().collect());
            }
            (_, KeyCode::Char(c)) => self.insert(c),
            (_, KeyCode::Backspace) if self.cursor > 0 => {
                self.cursor -= 1;
                self.line.remove(self.cursor);
            }
            (_, KeyCode::Delete) if self.cursor < self.line.len() => {
                self.line.remove(self.cursor);
            }
            (_, KeyCode::Left) => self.cursor = self.cursor.saturating_sub(1),
            (_, KeyCode::Right) => self.cursor = (self.cursor + 1).min(self.line.len()),
            (_, KeyCode::PageUp) => self.scrolled += 5,
            (_, KeyCode::PageDown) => self.scrolled = self.scrolled.saturating_sub(5),
            _ => {}
        }
        None
    }

    fn insert(&mut self, c: char) {
        self.line.insert(self.cursor, if c.is_control() { ' ' } else { c });
        self.cursor += 1;
    }

    /// What the agent is to know after a key: that you type, or no longer.
    fn state(&mut self) -> Option<Job> {
        let types = !self.line.is_empty() && self.line[0] != '/';
        let told = self.typed.is_some();
        self.typed = types.then(Instant::now);
        match (told, types) {
            (false, true) => Some(Job::State(ChatState::Composing)),
            (true, false) => Some(Job::State(ChatState::Active)),
            _ => None,
        }
    }
}

impl View for Screen {
    fn show(&mut self, chat: &mut Chat) -> io::Result<()> {
        chat.changes.clear();
        let (width, height) = size()?;
        let (width, rows) = (usize::from(width).max(24), usize::from(height).saturating_sub(2));
        let mut lines: Vec<(String, Who)> = Vec::new();
        for entry in &chat.history {
            lines.extend(wrapped(entry, width).into_iter().map(|line| (line, entry.who)));
        }
        if !chat.offers.is_empty() {
            lines.push((format!("               {}", offers(chat)), Who::Agent));
        }
        self.scrolled = self.scrolled.min(lines.len().saturating_sub(rows));
        let end = lines.len() - self.scrolled;
        let shown = &lines[end.saturating_sub(rows)..end];

        let out = &mut self.out;
        queue!(out, BeginSynchronizedUpdate, cursor::Hide, cursor::MoveTo(0, 0))?;
        for row in 0..rows {
            if let Some((line, who)) = shown.get(row) {
                let color = match who {
                    Who::You => Color::Cyan,
                    Who::Agent => Color::Green,
                    Who::Note => Color::DarkGrey,
                };
                queue!(out, PrintStyledContent(fitting(line, width).with(color)))?;
            }
            queue!(out, Clear(ClearType::UntilNewLine), Print("\r\n"))?;
        }
        let status = match (chat.is_open(), chat.typing) {
            (false, _) => "── closed ── /rate 5 ── /quit",
            (true, true) => "── the agent is typing …",
            (true, false) => "── /help ── /quit",
        };
        let bar = format!("{status} {}", "─".repeat(width));
        queue!(out, PrintStyledContent(fitting(&bar, width - 1).dark_grey()))?;
        queue!(out, Clear(ClearType::UntilNewLine), Print("\r\n"))?;

        // The part of the line that ends at the cursor, as much of it as fits.
        let room = width - 4;
        let mut from = self.cursor;
        let mut before = 0;
        while from > 0 && before + wide(self.line[from - 1]) <= room {
            from -= 1;
            before += wide(self.line[from]);
        }
        let line: String = self.line[from..].iter().collect();
        let column = u16::try_from(before + 2).unwrap_or(u16::MAX);
        queue!(out, Print("> "), Print(fitting(&line, width - 3)), Clear(ClearType::UntilNewLine))?;
        queue!(out, cursor::MoveToColumn(column), cursor::Show, EndSynchronizedUpdate)?;
        out.flush()
    }

    fn take(&mut self, input: Input) -> (Option<String>, Option<Job>) {
        let line = match input {
            Input::Event(Event::Key(key)) if key.kind != KeyEventKind::Release => self.key(key),
            Input::Event(Event::Paste(text)) => {
                text.chars().for_each(|c| self.insert(c));
                None
            }
            _ => return (None, None),
        };
        (line, self.state())
    }

    fn patience(&self) -> Duration {
        let left = |typed: Instant| PAUSE.saturating_sub(typed.elapsed());
        self.typed.map_or(Duration::from_secs(3600), left)
    }

    fn idle(&mut self) -> Option<Job> {
        self.typed.take().map(|_| Job::State(ChatState::Pause))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(self.out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// The letter that is pressed together with Ctrl.
fn control(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => Some(c),
        _ => None,
    }
}

/// An entry as one line; more lines of its text follow below, set in.
fn line(entry: &Entry) -> String {
    format!("{}{}{}", head(entry), entry.text.replace('\n', "\n               "), tick(entry))
}

fn head(entry: &Entry) -> String {
    let time = Local.timestamp_millis_opt(entry.time_ms).single();
    let time = time.map_or_else(|| "--:--".to_owned(), |time| time.format("%H:%M").to_string());
    let who = match entry.who {
        Who::You => "you:",
        Who::Agent => "agent:",
        Who::Note => "*",
    };
    format!("{time}  {who:<8}")
}

fn tick(entry: &Entry) -> &'static str {
    match entry.tick {
        None => "",
        Some(Tick::Failed) => "  ✗ not sent",
        Some(Tick::Sending) => "  …",
        Some(Tick::Sent) => "  ✓ sent",
        Some(Tick::Accepted) => "  ✓✓ accepted",
        Some(Tick::Read) => "  ✓✓ read",
    }
}

fn offers(chat: &Chat) -> String {
    let offers = chat.offers.iter().enumerate();
    let offers: Vec<String> =
        offers.map(|(number, (title, _))| format!("[{}] {title}", number + 1)).collect();
    offers.join("   ")
}

/// An entry as rows that are no wider than the screen.
fn wrapped(entry: &Entry, width: usize) -> Vec<String> {
    let head = head(entry);
    let text = format!("{}{}", entry.text, tick(entry));
    let room = width - head.width();
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut row = String::new();
        for word in line.split_inclusive(' ') {
            if !row.is_empty() && row.width() + word.trim_end().width() > room {
                rows.push(std::mem::take(&mut row));
            }
            for c in word.chars() {
                if row.width() + wide(c) > room {
                    rows.push(std::mem::take(&mut row));
                }
                row.push(c);
            }
        }
        rows.push(row);
    }
    let blank = " ".repeat(head.width());
    let rows = rows.into_iter().enumerate();
    rows.map(|(number, row)| format!("{}{row}", if number == 0 { &head } else { &blank })).collect()
}

/// As much of a line as fits.
fn fitting(line: &str, width: usize) -> String {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += wide(*c);
        taken <= width
    };
    line.chars().take_while(fits).collect()
}

fn wide(c: char) -> usize {
    c.width().unwrap_or(0)
}
