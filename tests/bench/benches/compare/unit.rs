//! What a figure is counted in. Every figure is kept as a cost, of which less is better; only a
//! rate is shown the other way round.

#[derive(Clone, Copy, PartialEq)]
pub enum Unit {
    /// Seconds, shown as milliseconds.
    Millis,
    /// Seconds, shown as microseconds.
    Micros,
    /// Seconds, shown as nanoseconds.
    Nanos,
    /// Seconds an item, shown as thousands of items a second.
    Rate,
    /// KiB.
    Memory,
    /// A part of the whole, shown in percent. It compares with nothing.
    Share,
    /// Seconds of processor time, shown as milliseconds. So little of it is needed that it is not
    /// compared either.
    Processor,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Unit::Millis => "ms",
            Unit::Micros => "µs",
            Unit::Nanos => "ns",
            Unit::Rate => "thousand items/s",
            Unit::Memory => "KiB",
            Unit::Share => "%",
            Unit::Processor => "ms of processor time",
        }
    }

    /// Whether it makes sense to say how many times better one is than another.
    pub fn compares(self) -> bool {
        !matches!(self, Unit::Share | Unit::Processor)
    }

    pub fn convert(self, cost: f64) -> f64 {
        match self {
            Unit::Millis | Unit::Processor => cost * 1e3,
            Unit::Micros => cost * 1e6,
            Unit::Nanos => cost * 1e9,
            Unit::Rate => 1e-3 / cost,
            Unit::Memory => cost,
            Unit::Share => cost * 100.0,
        }
    }

    pub fn show(self, cost: f64) -> String {
        let value = self.convert(cost);
        let decimals = match value.abs() {
            100.0.. => 0,
            10.0.. => 1,
            1.0.. => 2,
            _ => 3,
        };
        format!("{value:.decimals$}")
    }

    /// Median, smallest and largest, as they are shown.
    pub fn cells(self, [median, least, most]: [f64; 3]) -> [String; 3] {
        let [least, most] = if self == Unit::Rate { [most, least] } else { [least, most] };
        [median, least, most].map(|cost| self.show(cost))
    }
}
