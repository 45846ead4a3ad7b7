//! Something to do, and those who do it.

use crate::contender::Contender;
use crate::cpu::Setting;
use crate::table::FLOOR;
use crate::unit::Unit;

pub struct Workload {
    pub name: &'static str,
    /// What is done, and when the clock runs.
    pub about: String,
    pub setting: Setting,
    pub figures: Vec<Figure>,
    /// The row that the others are compared with.
    pub floor: &'static str,
    /// Whether it is done only once, because it takes long and varies little.
    pub once: bool,
    pub contenders: Vec<Contender>,
}

/// One of the figures that a contender prints, and so a table.
pub struct Figure {
    pub name: &'static str,
    pub title: String,
    pub unit: Unit,
}

impl Workload {
    pub fn new(name: &'static str, title: &str, unit: Unit, about: impl Into<String>) -> Workload {
        Workload {
            name,
            about: about.into(),
            setting: Setting::Free,
            figures: vec![Figure { name, title: title.to_owned(), unit }],
            floor: FLOOR,
            once: false,
            contenders: Vec::new(),
        }
    }

    /// Adds a table, of the next figure.
    pub fn and(mut self, name: &'static str, title: &str, unit: Unit) -> Workload {
        self.figures.push(Figure { name, title: title.to_owned(), unit });
        self
    }

    pub fn within(mut self, setting: Setting) -> Workload {
        self.setting = setting;
        self
    }

    pub fn with(mut self, contender: Contender) -> Workload {
        self.contenders.push(contender);
        self
    }

    /// Adds contenders of `src/` that do the same work.
    pub fn rust(self, which: &[&'static str], work: &str) -> Workload {
        which.iter().fold(self, |this, which| this.with(Contender::rust(name(which), which, work)))
    }

    /// Adds a contender of `python/`: its name and its command line.
    pub fn python(self, name: &str, line: &str) -> Workload {
        self.with(Contender::python(name, line))
    }
}

/// What a contender of `src/` is called in a table.
pub fn name(which: &str) -> &str {
    match which {
        "ours" => "this crate",
        "raw" => "raw ipc-channel",
        which => which,
    }
}
