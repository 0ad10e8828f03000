use super::*;

const KEYS: [(&str, &str); 4] = [
    (ALLOWED, "orders"),
    (REGION, "eu-central-1"),
    (ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLE"),
    (
        SECRET_ACCESS_KEY,
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
];

/// The variables above, with changes. An empty value removes a variable.
fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
    let variables = changes.iter().chain(&KEYS);
    let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::new(&Environment::new(owned.collect()))
}

fn rejection(changes: &[(&str, &str)]) -> String {
    read(changes).err().expect("an error")
}

#[test]
fn keys_and_region_become_the_connection() {
    let connection = read(&[]).unwrap().connection;
    assert_eq!(connection.region, "eu-central-1");
    assert!(connection.endpoint.is_none());
    let Credentials::AccessKey(key) = connection.credentials else {
        panic!("not an access key");
    };
    assert_eq!(key.access_key_id, KEYS[2].1);
    assert_eq!(key.secret_access_key, KEYS[3].1);
    assert_eq!(key.session_token, None);
}

#[test]
fn default_region_counts_if_there_is_no_other() {
    let region = |changes| read(changes).unwrap().connection.region;
    assert_eq!(
        region(&[(REGION, ""), (DEFAULT_REGION, "us-east-1")]),
        "us-east-1"
    );
    assert_eq!(region(&[(DEFAULT_REGION, "us-east-1")]), "eu-central-1");
}

#[test]
fn session_token_and_endpoint_are_passed_on() {
    let connection = read(&[(SESSION_TOKEN, "token"), (ENDPOINT, "https://vpce.example")])
        .unwrap()
        .connection;
    assert!(
        matches!(connection.endpoint, Some(Endpoint::Url(url)) if url == "https://vpce.example")
    );
    assert!(
        matches!(connection.credentials, Credentials::AccessKey(key) if key.session_token.as_deref() == Some("token"))
    );
}

#[test]
fn role_is_assumed_with_the_keys() {
    let connection = read(&[
        (ROLE, "arn:aws:iam::123456789012:role/agent"),
        (ROLE_SESSION_NAME, "agent-7"),
    ]);
    let Credentials::AssumeRole(assumed) = connection.unwrap().connection.credentials else {
        panic!("no role");
    };
    assert_eq!(assumed.source.access_key_id, KEYS[2].1);
    assert_eq!(assumed.roles.len(), 1);
    assert_eq!(assumed.roles[0].arn, "arn:aws:iam::123456789012:role/agent");
    assert_eq!(assumed.roles[0].session_name.as_deref(), Some("agent-7"));
}

#[test]
fn missing_variables_are_named_together() {
    assert!(rejection(&[(REGION, "")]).starts_with("AWS_REGION did not reach"));
    assert!(
        rejection(&[(SECRET_ACCESS_KEY, ""), (ACCESS_KEY_ID, "")])
            .starts_with("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY did not reach")
    );
}

#[test]
fn nothing_is_allowed_without_the_variable() {
    for value in ["", " "] {
        assert!(
            rejection(&[(ALLOWED, value)]).starts_with("AWS_LAMBDA_ALLOWED_FUNCTIONS is not set")
        );
    }
}

#[test]
fn invalid_entry_allows_nothing_and_is_not_repeated() {
    let message = rejection(&[(ALLOWED, "orders, hunter2!")]);
    assert!(
        message.starts_with("entry 2 of AWS_LAMBDA_ALLOWED_FUNCTIONS"),
        "{message}"
    );
    assert!(!message.contains("hunter2"));
}

#[test]
fn timeout_is_in_whole_seconds_and_50_by_default() {
    let milliseconds = |changes| read(changes).unwrap().delivery().response_timeout_ms;
    assert_eq!(milliseconds(&[]), Some(50_000));
    assert_eq!(milliseconds(&[(TIMEOUT, "1815")]), Some(1_815_000));
    for value in [
        "0",
        "1816",
        "-1",
        "1.5",
        "60s",
        " 60",
        "99999999999999999999",
    ] {
        assert!(
            rejection(&[(TIMEOUT, value)]).contains("AWS_LAMBDA_TIMEOUT_SECONDS must be"),
            "{value}"
        );
    }
}

#[test]
fn function_that_is_not_allowed_is_rejected() {
    let settings = read(&[]).unwrap();
    assert_eq!(
        settings.function("orders:live").unwrap().qualifier,
        Some("live")
    );
    assert!(
        settings
            .function("Orders")
            .unwrap_err()
            .contains("`Orders` is not one of the functions")
    );
    assert_eq!(
        settings.function("arn:aws:lambda:eu-central-1:123456789012:function:orders"),
        Err(FORMS.to_owned())
    );
}
