//! What the component does, piece by piece and natively: signing, the payload's check, building a
//! request, reading a response. `cargo bench --package connector-bench`

use std::hint::black_box;

use aws_lambda_connector::aws::credentials::{AccessKey, Secret, Signer};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::endpoint::LAMBDA;
use aws_lambda_connector::aws::json;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::aws::sigv4::{payload_hash, sign};
use aws_lambda_connector::aws::time::AmzDate;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::operation::Exchange;
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

#[path = "../src/payload.rs"]
mod payload;

const REGION: &str = "us-east-1";
const SIZES: [(&str, usize); 3] = [("100 B", 100), ("1 MB", 1_000_000), ("6 MiB", 6 << 20)];

fn key() -> AccessKey {
    AccessKey {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("secret".to_owned()),
        session_token: None,
    }
}

/// An invocation, checked; the payload's check is part of it.
fn invoke(payload: &str) -> Invoke {
    let connection = Connection {
        region: REGION.to_owned(),
        credentials: Credentials::AccessKey(key()),
        endpoint: EndpointChoice::Standard,
    };
    let request = InvokeRequest {
        function: "echo".to_owned(),
        payload: Some(payload.to_owned()),
        ..InvokeRequest::default()
    };
    Invoke::new(connection, request).expect("a valid invocation")
}

fn response(body: &str) -> Response {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    Response {
        status: 200,
        headers: vec![
            header("content-type", "application/json"),
            header("x-amzn-requestid", "8f5e2c1a-0000-4000-8000-000000000000"),
            header("x-amz-executed-version", "$LATEST"),
            header(
                "x-amzn-trace-id",
                "root=1-5759e988-bd862e3fe1be46a994272793",
            ),
        ],
        body: body.as_bytes().to_vec(),
    }
}

fn pieces(criterion: &mut Criterion) {
    let signer = Signer::AccessKey(key());
    let date = AmzDate::from_unix(1_795_348_800);
    for (name, length) in SIZES {
        let text = payload::records(length);
        let call = invoke(&text);
        let throughput = Throughput::Bytes(text.len() as u64);

        let mut group = criterion.benchmark_group("sign, hash of the body included");
        group.throughput(throughput.clone());
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let mut request = call.request();
                let hash = payload_hash(request.body);
                sign(&mut request, &hash, &signer, REGION, LAMBDA, &date);
                black_box(request.headers.len())
            });
        });
        group.finish();

        let mut group = criterion.benchmark_group("check JSON");
        group.throughput(throughput.clone());
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| json::check(black_box(&text)).is_ok());
        });
        group.finish();

        let mut group = criterion.benchmark_group("build a request, unsigned");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| black_box(call.request()).headers.len());
        });
        group.finish();

        let mut group = criterion.benchmark_group("read a response");
        group.throughput(throughput);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_batched(
                || (call.clone(), response(&text)),
                |(mut call, response)| call.read(response, 1).is_ok(),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, pieces);
criterion_main!(benches);
