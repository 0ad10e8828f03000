//! Whole calls of every operation behind a scripted transport: see `src/verdict.rs` and
//! `src/transport.rs` for what must be true.
#![no_main]

use aws_lambda_connector_fuzz::call::Call;
use aws_lambda_connector_fuzz::script;
use aws_lambda_connector_fuzz::secrets;
use aws_lambda_connector_fuzz::transport::Scripted;
use aws_lambda_connector_fuzz::verdict;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if secrets::are_known(data) {
        return;
    }
    let (lines, answers) = script::read(data);
    let Some(call) = Call::new(&lines) else {
        return;
    };
    let count = answers.len();
    let transport = Scripted::new(answers, call.connection.clone(), call.idempotent());
    let outcome = call.make(&transport);
    verdict::check(&call, &outcome, &transport, count);
});
