//! Compares the page's table of hosts, by partition, with `aws/endpoint.rs`.

use std::collections::BTreeSet;

use aws_lambda_connector::aws::endpoint::{self, EndpointChoice};

use testing::case;

use crate::page;

pub const HEADER: &str = "| Partition | Regions | SUFFIX | Dual-stack SUFFIX |";

/// A region of each partition, and the page's notation for its regions.
const REGIONS: [(&str, &str); 8] = [
    ("eu-central-1", "all others"),
    ("us-gov-west-1", "`us-gov-…`"),
    ("cn-north-1", "`cn-…`"),
    ("eusc-de-east-1", "`eusc-…`"),
    ("us-iso-east-1", "`us-iso-…`"),
    ("us-isob-east-1", "`us-isob-…`"),
    ("eu-isoe-west-1", "`eu-isoe-…`"),
    ("us-isof-south-1", "`us-isof-…`"),
];

const CHOICES: [(EndpointChoice, &str); 4] = [
    (EndpointChoice::Standard, ""),
    (EndpointChoice::Fips, "-fips"),
    (EndpointChoice::DualStack, ""),
    (EndpointChoice::FipsDualStack, "-fips"),
];

/// The hosts of a service in a region: standard, FIPS, dual-stack, and both.
pub fn hosts(service: &str, region: &str) -> [String; 4] {
    CHOICES.map(|(choice, _)| authority(endpoint::resolve(service, region, &choice)))
}

fn authority(endpoint: Result<endpoint::Endpoint, String>) -> String {
    let endpoint = endpoint.unwrap();
    assert_eq!(endpoint.scheme, endpoint::Scheme::Https);
    endpoint.authority
}

fn suffix<'a>(host: &'a str, service: &str, region: &str) -> &'a str {
    host.strip_prefix(&format!("{service}.{region}.")).unwrap()
}

#[test]
fn review_page_lists_the_hosts_of_every_partition() {
    let mut suffixes = BTreeSet::new();
    let rows = REGIONS.map(|(region, regions)| {
        let _case = case(region);
        let [standard, fips, dual_stack, both] = hosts("lambda", region);
        let plain = suffix(&standard, "lambda", region);
        let dual = suffix(&dual_stack, "lambda", region);
        assert_eq!(suffix(&fips, "lambda-fips", region), plain);
        assert_eq!(suffix(&both, "lambda-fips", region), dual);
        suffixes.extend([plain.to_owned(), dual.to_owned()]);
        [
            format!("`{}`", endpoint::partition_id(region)),
            regions.to_owned(),
            format!("`{plain}`"),
            format!("`{dual}`"),
        ]
        .to_vec()
    });
    page::assert_table(HEADER, &rows);

    // The table covers every partition.
    let all: BTreeSet<String> = endpoint::dns_suffixes().map(str::to_owned).collect();
    assert_eq!(suffixes, all);
}

/// This is the exception that the page names.
#[test]
fn sts_hosts_are_named_like_lambda_except_for_fips_in_govcloud() {
    for (region, _) in REGIONS {
        for (choice, fips) in CHOICES {
            let _case = case(format!("{region} {choice:?}"));
            let lambda = authority(endpoint::resolve("lambda", region, &choice));
            let sts = authority(endpoint::resolve_sts(region, &choice));
            let like_lambda = lambda.replace(&format!("lambda{fips}"), &format!("sts{fips}"));
            if region.starts_with("us-gov-") && choice == EndpointChoice::Fips {
                assert_eq!(sts, "sts.us-gov-west-1.amazonaws.com");
            } else {
                assert_eq!(sts, like_lambda);
            }
        }
    }
}
