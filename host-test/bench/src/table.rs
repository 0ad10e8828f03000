//! The tables, in Markdown.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::samples::Pairs;

/// One comparison, or one number, and its goal.
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
    /// Two sides; the goal is on their ratio.
    pub fn pairs(
        what: impl Into<String>,
        pairs: &Pairs,
        show: impl Fn(f64) -> String,
        goal: Option<f64>,
    ) -> Self {
        let (low, high) = pairs.spread();
        Self {
            what: what.into(),
            ours: show(pairs.ours()),
            other: show(pairs.other()),
            ratio: format!("{:.2}", pairs.ratio()),
            spread: format!("{low:.2}–{high:.2}"),
            goal: goal.map_or_else(String::new, at_most),
            met: goal.map_or("", |goal| met(pairs.ratio() <= goal)),
        }
    }

    /// A number of ours alone.
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

/// A goal below one is the part that it was set as.
fn at_most(goal: f64) -> String {
    if goal < 1.0 {
        format!("≤ 1/{:.0}", goal.recip())
    } else {
        format!("≤ {goal:.1}")
    }
}

fn met(reached: bool) -> &'static str {
    if reached { "yes" } else { "no" }
}

/// Medians of all rounds, of the ratios as well; the spread is that of the ratio, the middle half of
/// the rounds.
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
