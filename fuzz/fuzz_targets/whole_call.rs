//! Complete calls of every operation with a scripted transport. `src/verdict.rs` and
//! `src/transport.rs` check them.
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
