//! Decodes event streams for `e2e/test_event_stream.py`: each line of the input is one stream, whose
//! pieces are in hexadecimal and separated by spaces. Prints a line of JSON for each.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{self, BufRead};

use aws_lambda_connector::aws::event_stream::{Decoder, StreamError};
use aws_lambda_connector::aws::hex;
use serde_json::json;

fn main() {
    for line in io::stdin().lock().lines() {
        let mut decoder = Decoder::default();
        let mut response = Vec::new();
        for piece in line.unwrap().split_ascii_whitespace() {
            let pairs = piece.as_bytes().chunks(2).map(str::from_utf8);
            let bytes: Vec<u8> = pairs
                .map(|pair| u8::from_str_radix(pair.unwrap(), 16).unwrap())
                .collect();
            // `finish` returns the error again.
            for chunk in decoder.push(&bytes).flatten() {
                response.extend_from_slice(chunk);
            }
        }
        let end = match decoder.finish() {
            Ok(completion) => json!({"complete": {
                "ErrorCode": completion.error_code,
                "ErrorDetails": completion.error_details,
                "LogResult": completion.log_result,
            }}),
            Err(StreamError::CutOff) => json!({"cut-off": null}),
            Err(StreamError::Malformed(problem)) => json!({"malformed": format!("{problem:?}")}),
            Err(StreamError::Exception(exception)) => {
                json!({"exception": [exception.code, exception.message]})
            }
        };
        println!(
            "{}",
            json!({"response": hex::encode(&response), "end": end})
        );
    }
}
