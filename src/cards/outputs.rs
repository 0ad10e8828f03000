//! A card's outputs: a JSON object by field key. Every output is there; null where it has no value.

use alloc::string::{String, ToString};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::aws::json;
use crate::aws::number::milliseconds;
use crate::call::failure::FunctionFailure;
use crate::call::invocation::{Invocation, Payload};
use crate::lambda::list_functions::{FunctionPage, FunctionSummary};

/// The outputs of `invoke`.
pub fn invocation(invocation: &Invocation, failure: Option<&FunctionFailure>) -> String {
    let (text, base64) = match &invocation.output {
        None => (None, None),
        Some(Payload::Text(text)) => (Some(text.as_str()), None),
        Some(Payload::Binary(bytes)) => (None, Some(STANDARD.encode(bytes))),
    };
    let output = text.or(base64.as_deref());
    let json = text.filter(|text| json::check(text).is_ok());
    let json = json.unwrap_or("null").trim();
    let mut object = Object::with_room(
        output
            .map_or(0, quoted_length)
            .saturating_add(json.len())
            .saturating_add(1_024),
    );
    object.raw("statusCode", &invocation.status_code.to_string());
    object.text("output", output);
    object.raw("outputJson", json);
    object.boolean("outputIsBase64", base64.is_some());
    let log = invocation.log.as_ref();
    object.text("logResult", log.map(|log| log.text.as_str()));
    let failed = |part: fn(&FunctionFailure) -> Option<&str>| failure.and_then(part);
    object.text("functionError", failed(|failure| Some(&failure.marker)));
    object.text("errorType", failed(|failure| failure.error_type.as_deref()));
    object.text(
        "errorMessage",
        failed(|failure| failure.error_message.as_deref()),
    );
    object.text("executedVersion", invocation.executed_version.as_deref());
    object.text("requestId", invocation.request_id.as_deref());
    object.raw("attempts", &invocation.attempts.to_string());
    let report = log.and_then(|log| log.report.as_ref());
    object.figure(
        "durationMs",
        report.map(|report| milliseconds(report.duration_ms)),
    );
    object.figure(
        "billedDurationMs",
        report.map(|report| report.billed_duration_ms.to_string()),
    );
    object.figure(
        "maxMemoryUsedMb",
        report.map(|report| report.max_memory_used_mb.to_string()),
    );
    object.figure(
        "initDurationMs",
        report
            .and_then(|report| report.init_duration_ms)
            .map(milliseconds),
    );
    object.end()
}

/// The outputs of `list-functions`.
pub fn functions(page: &FunctionPage) -> String {
    let mut rows = String::from("[");
    for function in &page.functions {
        if rows.len() > 1 {
            rows.push(',');
        }
        rows.push_str(&row(function));
    }
    rows.push(']');
    let mut object = Object::new();
    object.raw("functions", &rows);
    object.text("next", page.next.as_deref());
    object.end()
}

fn row(function: &FunctionSummary) -> String {
    let mut object = Object::new();
    object.text("name", Some(&function.name));
    object.text("arn", Some(&function.arn));
    object.text("version", Some(&function.version));
    object.text("description", Some(&function.description));
    object.text("runtime", function.runtime.as_deref());
    object.text("packageType", Some(&function.package_type));
    let mut architectures = String::from("[");
    for architecture in &function.architectures {
        if architectures.len() > 1 {
            architectures.push(',');
        }
        push_text(&mut architectures, architecture);
    }
    architectures.push(']');
    object.raw("architectures", &architectures);
    object.raw("timeoutSeconds", &function.timeout_seconds.to_string());
    object.raw("memorySizeMb", &function.memory_size_mb.to_string());
    object.text("lastModified", Some(&function.last_modified));
    object.boolean("tenantIsolated", function.tenant_isolated);
    object.boolean("durable", function.durable);
    object.end()
}

/// A JSON object being written.
struct Object(String);

impl Object {
    fn new() -> Object {
        Object::with_room(0)
    }

    /// For so many bytes: what grows is copied.
    fn with_room(bytes: usize) -> Object {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Object(text)
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_text(&mut self.0, key);
        self.0.push(':');
    }

    /// `json` is JSON text.
    fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.0.push_str(json);
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        self.key(key);
        match text {
            Some(text) => push_text(&mut self.0, text),
            None => self.0.push_str("null"),
        }
    }

    fn boolean(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    fn figure(&mut self, key: &str, number: Option<String>) {
        self.raw(key, number.as_deref().unwrap_or("null"));
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Bytes of a text that are quoted at once: an answer of six megabytes is not copied for it.
const PIECE: usize = 4_096;

/// `text` as a JSON string.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((piece, after)) = rest.split_at_checked(rest.floor_char_boundary(PIECE)) {
        // Writing a text into memory cannot fail.
        let quoted = serde_json::to_string(piece).unwrap_or_default();
        let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        out.push_str(inside.unwrap_or_default());
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    out.push('"');
}

/// What it takes there, without the quotes.
fn quoted_length(text: &str) -> usize {
    let length = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_several_pieces_are_quoted_as_one() {
        let odd = "größe \"尺寸\" 🚀\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}\u{2028}";
        for text in [
            String::new(),
            odd.to_string(),
            "x".repeat(PIECE),
            "é".repeat(PIECE),
            odd.repeat(1_000),
            // Each character is cut at another place.
            "a".to_string() + &"🚀".repeat(PIECE),
        ] {
            let mut out = String::new();
            push_text(&mut out, &text);
            assert_eq!(out, serde_json::to_string(&text).unwrap());
            assert_eq!(quoted_length(&text) + 2, out.len());
        }
    }
}
