//! One text, two languages.

use super::options::{Lang, lang};
use std::fmt;

/// A text in Russian and in English; it shows itself in the language of `--lang`.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    ru: &'static str,
    en: &'static str,
}

impl Text {
    /// The same text twice: in Russian, then in English.
    #[must_use]
    pub const fn new(ru: &'static str, en: &'static str) -> Self {
        Self { ru, en }
    }

    /// The text in the language of `--lang`.
    pub(super) fn get(self) -> &'static str {
        match lang() {
            Lang::Ru => self.ru,
            Lang::En => self.en,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.get())
    }
}
