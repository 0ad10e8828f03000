//! The table of results, in Markdown.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::samples::Pairs;

/// One comparison or one value, with its goal.
pub struct Row {
    what: String,
    ours: String,
    other: String,
    ratio: String,
    spread: String,
    goal: String,
    met: &'static str,
}

impl Row {
    /// A comparison of two sides. The goal applies to their ratio.
    pub fn pairs(
        what: impl Into<String>,
        pairs: &Pairs,
        show: impl Fn(f64) -> String,
        goal: Option<Goal>,
    ) -> Self {
        let (low, high) = pairs.spread();
        Self {
            what: what.into(),
            ours: show(pairs.ours()),
            other: show(pairs.other()),
            ratio: format!("{:.2}", pairs.ratio()),
            spread: format!("{low:.2}–{high:.2}"),
            goal: goal.map_or_else(String::new, Goal::text),
            met: goal.map_or("", |goal| met(goal.is_met(pairs.ratio()))),
        }
    }

    /// Values of two sides without a ratio, which may be zero.
    pub fn values(
        what: impl Into<String>,
        ours: impl Into<String>,
        other: impl Into<String>,
    ) -> Self {
        Self {
            other: other.into(),
            ..Self::single(what, ours, None)
        }
    }

    /// A value of our side alone.
    pub fn single(
        what: impl Into<String>,
        ours: impl Into<String>,
        goal: Option<(&str, bool)>,
    ) -> Self {
        Self {
            what: what.into(),
            ours: ours.into(),
            other: String::new(),
            ratio: String::new(),
            spread: String::new(),
            goal: goal.map_or_else(String::new, |(text, _)| text.to_owned()),
            met: goal.map_or("", |(_, reached)| met(reached)),
        }
    }
}

/// What a value should be.
#[derive(Clone, Copy)]
pub enum Goal {
    /// This value or less.
    AtMost(f64),
    /// This value or more.
    AtLeast(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most:?}"),
            Self::AtLeast(least) => format!("≥ {least:?}"),
        }
    }
}

fn met(reached: bool) -> &'static str {
    if reached { "yes" } else { "no" }
}

/// Formats the rows. Values and ratios are medians of all rounds; the spread is the interquartile
/// range of the ratio.
pub fn comparison(rows: Vec<Row>) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["What", "Ours", "Other", "Ratio", "Spread", "Goal", "Met"]);
    for row in rows {
        table.add_row([
            row.what,
            row.ours,
            row.other,
            row.ratio,
            row.spread,
            row.goal,
            row.met.to_owned(),
        ]);
    }
    table.trim_fmt()
}
