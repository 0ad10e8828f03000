//! Line charts as SVG files. They follow the reader's choice of light or dark colours.

use std::fmt::Write;

const WIDTH: f64 = 790.0;
const HEIGHT: f64 = 430.0;
/// The plot's edges. Space on the right is for the names of the lines.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 596.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 366.0;
/// The least distance between the names of two lines.
const LABEL_DISTANCE: f64 = 19.0;

/// Light and dark colours of the lines. Each has a contrast of at least 4.5 with its background.
const STYLE: &str = "\
svg { --page: #ffffff; --text: #1f2328; --quiet: #59636e; --grid: #d8dee4;
      --line0: #0969da; --line1: #bc4c00; --line2: #1a7f37; --line3: #8250df; --line4: #7d4e00 }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --text: #f0f6fc; --quiet: #9198a1; --grid: #2f353d;
        --line0: #58a6ff; --line1: #f0883e; --line2: #3fb950; --line3: #bc8cff; --line4: #d29922 }
}
text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--quiet) }
.title { font-size: 17px; font-weight: 600; fill: var(--text) }
.note { font-size: 13px }
.name { font-weight: 600 }
.grid { stroke: var(--grid); stroke-width: 1 }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
.first { stroke-width: 3.5 }
";

/// A chart of lines.
pub struct Chart {
    /// What is measured.
    pub title: String,
    /// How it was measured.
    pub note: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// The first is emphasised.
    pub lines: Vec<Line>,
}

/// An axis from its first tick to its last.
pub struct Axis {
    /// What the values are.
    pub label: String,
    /// Where its values are.
    pub scale: Scale,
    /// Values and their texts, in ascending order.
    pub ticks: Vec<(f64, String)>,
}

/// Where a value is between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long.
    Logarithmic,
}

/// A line with its name.
pub struct Line {
    /// Written beside its right end.
    pub name: String,
    /// In ascending order of x.
    pub points: Vec<(f64, f64)>,
}

/// Returns the values of all lines, for the axis from bottom to top.
pub fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines
        .iter()
        .flat_map(|line| line.points.iter().map(|point| point.1))
}

impl Scale {
    /// Returns 0 for `from`, 1 for `to`, and a part in between.
    fn part(self, value: f64, from: f64, to: f64) -> f64 {
        match self {
            Self::Linear => (value - from) / (to - from),
            Self::Logarithmic => (value / from).ln() / (to / from).ln(),
        }
    }
}

impl Axis {
    /// Creates an axis of powers of ten that contains all values, which are positive.
    pub fn decades(
        label: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        show: impl Fn(f64) -> String,
    ) -> Self {
        let (least, most) = range(values);
        let first = least.log10().floor() as i32;
        let last = (most.log10().ceil() as i32).max(first + 1);
        let tick = |exponent| {
            let value = 10_f64.powi(exponent);
            (value, show(value))
        };
        Self {
            label: label.into(),
            scale: Scale::Logarithmic,
            ticks: (first..=last).map(tick).collect(),
        }
    }

    /// Creates an axis from zero, in about five round steps, that contains all values.
    pub fn from_zero(
        label: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        show: impl Fn(f64) -> String,
    ) -> Self {
        let (_, most) = range(values);
        let step = round_step(most / 5.0);
        let steps = (most / step).ceil().max(1.0) as u32;
        let tick = |index| {
            let value = step * f64::from(index);
            (value, show(value))
        };
        Self {
            label: label.into(),
            scale: Scale::Linear,
            ticks: (0..=steps).map(tick).collect(),
        }
    }

    /// Returns the place of a value between `start` and `end`.
    fn place(&self, value: f64, start: f64, end: f64) -> f64 {
        let ends = (self.ticks.first(), self.ticks.last());
        let (Some((from, _)), Some((to, _))) = ends else {
            return start;
        };
        start + (end - start) * self.scale.part(value, *from, *to)
    }
}

/// Returns the least and the greatest value.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values.into_iter().fold(start, |(least, most), value| {
        (least.min(value), most.max(value))
    })
}

/// Returns 1, 2 or 5 times a power of ten: the least that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    // The quotient may be a little above a round number.
    let fitting = steps
        .into_iter()
        .find(|rounded| *rounded >= step * 0.999_999);
    fitting.unwrap_or(step)
}

impl Chart {
    /// Returns the SVG file.
    pub fn svg(&self) -> String {
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{}">
<style>
{STYLE}</style>
<rect width="{WIDTH}" height="{HEIGHT}" rx="6" style="fill: var(--page)"/>
"#,
            escaped(&self.title)
        );
        text(&mut svg, 20.0, 30.0, r#"class="title""#, &self.title);
        text(&mut svg, 20.0, 52.0, r#"class="note""#, &self.note);
        self.draw_axes(&mut svg);
        self.draw_lines(&mut svg);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_axes(&self, svg: &mut String) {
        for (value, name) in &self.y.ticks {
            let y = self.y.place(*value, BOTTOM, TOP);
            let _ = writeln!(
                svg,
                r#"<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}"/>"#
            );
            text(svg, LEFT - 10.0, y + 5.0, r#"text-anchor="end""#, name);
        }
        for (value, name) in &self.x.ticks {
            let x = self.x.place(*value, LEFT, RIGHT);
            let end = BOTTOM + 5.0;
            let _ = writeln!(
                svg,
                r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{BOTTOM}" y2="{end}"/>"#
            );
            text(svg, x, BOTTOM + 22.0, r#"text-anchor="middle""#, name);
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        text(
            svg,
            middle,
            HEIGHT - 16.0,
            r#"text-anchor="middle""#,
            &self.x.label,
        );
        let (x, y) = (22.0, f64::midpoint(TOP, BOTTOM));
        let turned = format!(r#"text-anchor="middle" transform="rotate(-90 {x} {y})""#);
        text(svg, x, y, &turned, &self.y.label);
    }

    fn draw_lines(&self, svg: &mut String) {
        let ends = self.lines.iter().map(|line| {
            let end = line.points.last().map_or(f64::NAN, |point| point.1);
            self.y.place(end, BOTTOM, TOP)
        });
        let labels = spread(&ends.collect::<Vec<_>>(), LABEL_DISTANCE);
        // The first line is drawn last, above the others.
        for (index, (line, label)) in self.lines.iter().zip(labels).enumerate().rev() {
            let class = if index == 0 { "first" } else { "other" };
            let places = line.points.iter().map(|(x, y)| {
                let (x, y) = (self.x.place(*x, LEFT, RIGHT), self.y.place(*y, BOTTOM, TOP));
                format!("{x:.1},{y:.1}")
            });
            let places: Vec<_> = places.collect();
            let _ = writeln!(
                svg,
                r#"<polyline class="{class}" points="{}" style="stroke: var(--line{index})"/>"#,
                places.join(" ")
            );
            for place in &places {
                if let Some((x, y)) = place.split_once(',') {
                    let _ = writeln!(
                        svg,
                        r#"<circle cx="{x}" cy="{y}" r="4" style="fill: var(--line{index})"/>"#
                    );
                }
            }
            let style = format!(r#"class="name" style="fill: var(--line{index})""#);
            text(svg, RIGHT + 12.0, label + 5.0, &style, &line.name);
        }
    }
}

/// Moves places apart until neighbours have at least `distance`. Their order stays, and so does their
/// centre of those that touch.
fn spread(places: &[f64], distance: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    let at = |index: usize| places.get(index).copied().unwrap_or_default();
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    // Groups of neighbours: their centre and members.
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for index in order {
        let mut group = (at(index), vec![index]);
        while let Some((centre, members)) = groups.pop() {
            let reach = distance * (members.len() + group.1.len()) as f64 / 2.0;
            if group.0 - centre >= reach {
                groups.push((centre, members));
                break;
            }
            let (count, more) = (members.len() as f64, group.1.len() as f64);
            let centre = (centre * count + group.0 * more) / (count + more);
            group = (centre, [members, group.1].concat());
        }
        groups.push(group);
    }
    let mut spread = places.to_vec();
    for (centre, members) in groups {
        let first = centre - distance * (members.len() as f64 - 1.0) / 2.0;
        for (step, index) in members.into_iter().enumerate() {
            if let Some(place) = spread.get_mut(index) {
                *place = first + distance * step as f64;
            }
        }
    }
    spread
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, content: &str) {
    let content = escaped(content);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{y:.1}" {attributes}>{content}</text>"#
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn a_logarithmic_axis_has_the_powers_of_ten_around_its_values() {
        let axis = Axis::decades("", [150.0, 4_000.0], |value| format!("{value}"));
        assert_eq!(names(&axis), ["100", "1000", "10000"]);
        assert_eq!(axis.place(100.0, 300.0, 0.0), 300.0);
        assert_eq!(axis.place(1_000.0, 300.0, 0.0), 150.0);
        assert_eq!(axis.place(10_000.0, 300.0, 0.0), 0.0);
        // One value needs two ticks.
        let axis = Axis::decades("", [10.0], |value| format!("{value}"));
        assert_eq!(names(&axis), ["10", "100"]);
    }

    #[test]
    fn a_linear_axis_has_round_steps_from_zero() {
        for (most, expected) in [
            (6_300.0, ["0", "2000", "4000", "6000", "8000"].as_slice()),
            (5_000.0, &["0", "1000", "2000", "3000", "4000", "5000"]),
            (0.9, &["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ] {
            let axis = Axis::from_zero("", [1e-3, most], |value| format!("{}", value as f32));
            assert_eq!(names(&axis), expected, "{most}");
        }
        let axis = Axis::from_zero("", [10.0], |value| format!("{value}"));
        assert_eq!(axis.place(5.0, 100.0, 0.0), 50.0);
    }

    #[test]
    fn names_that_would_touch_move_apart_in_their_order() {
        assert_eq!(spread(&[50.0, 10.0], 20.0), [50.0, 10.0]);
        assert_eq!(spread(&[50.0, 40.0], 20.0), [55.0, 35.0]);
        assert_eq!(spread(&[30.0, 30.0, 31.5], 20.0), [10.5, 30.5, 50.5]);
        assert_eq!(spread(&[], 20.0), [0.0; 0]);
    }

    #[test]
    fn a_chart_has_the_names_of_its_lines_and_escapes_them() {
        let line = Line {
            name: "a < b & \"c\"".to_owned(),
            points: vec![(1.0, 2.0), (10.0, 3.0)],
        };
        let chart = Chart {
            title: "T".to_owned(),
            note: "N".to_owned(),
            x: Axis::decades("x", [1.0, 10.0], |value| format!("{value}")),
            y: Axis::from_zero("y", [2.0, 3.0], |value| format!("{value}")),
            lines: vec![line],
        };
        let svg = chart.svg();
        assert!(
            svg.contains(">a &lt; b &amp; &quot;c&quot;</text>"),
            "{svg}"
        );
        assert!(svg.contains(&format!("points=\"{LEFT:.1},")), "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
