//! Which source wins, and what the refusals say.

use super::*;

const CONFIG: &str = "\
[default]
region = eu-west-1

[profile work]
region = eu-central-1
use_fips_endpoint = true

[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = work

[profile sso]
sso_session = corp

[profile process]
credential_process = /opt/keys --json

[profile local]
services = here
aws_access_key_id = AKIDLOCAL
aws_secret_access_key = local-secret

[services here]
lambda =
  endpoint_url = http://127.0.0.1:9001
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = default-secret

[work]
aws_access_key_id = AKIDWORK
aws_secret_access_key = work-secret
aws_session_token = work-token
";

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "env-secret"),
];

async fn load(vars: &[(&str, &str)], profile: Option<&str>) -> Result<Settings> {
    let mut vars = vars.to_vec();
    vars.push(("HOME", "/home/me"));
    let fs = Fs::from_slice(&[
        ("/home/me/.aws/config", CONFIG),
        ("/home/me/.aws/credentials", CREDENTIALS),
        (
            "/elsewhere",
            "[only]\naws_access_key_id = AKIDELSEWHERE\naws_secret_access_key = x\n",
        ),
    ]);
    Settings::load(Env::from_slice(&vars), &fs, profile).await
}

async fn key(vars: &[(&str, &str)], profile: Option<&str>) -> (String, Option<String>) {
    let key = load(vars, profile).await.unwrap().access_key().unwrap();
    (key.access_key_id, key.session_token)
}

async fn refusal(vars: &[(&str, &str)], profile: Option<&str>) -> String {
    match load(vars, profile).await {
        Err(error) => error.to_string(),
        Ok(settings) => settings.access_key().unwrap_err().to_string(),
    }
}

#[tokio::test]
async fn variables_come_before_the_default_profile() {
    assert_eq!(key(&KEYS, None).await, ("AKIDENV".into(), None));
    assert_eq!(key(&[], None).await, ("AKIDDEFAULT".into(), None));
}

#[tokio::test]
async fn variables_carry_a_session_token() {
    let [id, secret] = KEYS;
    let vars = [id, secret, ("AWS_SESSION_TOKEN", "token")];
    assert_eq!(
        key(&vars, None).await,
        ("AKIDENV".into(), Some("token".into()))
    );
}

#[tokio::test]
async fn a_profile_by_argument_comes_before_variables_and_one_by_variable_after() {
    let work = ("AKIDWORK".to_owned(), Some("work-token".to_owned()));
    assert_eq!(key(&KEYS, Some("work")).await, work);
    assert_eq!(key(&[("AWS_PROFILE", "work")], None).await, work);
    let [id, secret] = KEYS;
    let vars = [id, secret, ("AWS_PROFILE", "work")];
    assert_eq!(key(&vars, None).await.0, "AKIDENV");
}

#[tokio::test]
async fn files_can_be_elsewhere() {
    let vars = [("AWS_SHARED_CREDENTIALS_FILE", "/elsewhere")];
    assert_eq!(key(&vars, Some("only")).await.0, "AKIDELSEWHERE");
}

#[tokio::test]
async fn a_misspelt_profile_is_an_error_even_with_keys_at_hand() {
    for (vars, profile) in [
        (KEYS.to_vec(), Some("wrok")),
        (vec![("AWS_PROFILE", "wrok")], None),
    ] {
        let refusal = refusal(&vars, profile).await;
        assert!(
            refusal.starts_with("there is no profile `wrok` in "),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn a_profile_that_needs_more_is_refused_by_what_it_asks_for() {
    for (profile, asks) in [
        (
            "role",
            "assuming the role arn:aws:iam::123456789012:role/deploy (role_arn)",
        ),
        ("sso", "a login through the SSO session corp (sso_session)"),
        (
            "process",
            "running the program /opt/keys --json (credential_process)",
        ),
    ] {
        let refusal = refusal(&[], Some(profile)).await;
        assert!(
            refusal.starts_with(&format!("profile `{profile}` asks for {asks}")),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn no_credentials_names_the_variables() {
    let settings = Settings::load(Env::from_slice(&[]), &Fs::from_slice(&[]), None).await;
    let refusal = settings.unwrap().access_key().unwrap_err().to_string();
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "--profile",
    ] {
        assert!(refusal.contains(name), "{refusal}");
    }
}

#[tokio::test]
async fn half_a_key_names_the_missing_half() {
    let [id, secret] = KEYS;
    assert_eq!(
        refusal(&[id], None).await,
        "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not"
    );
    let told = refusal(&[secret], None).await;
    assert_eq!(
        told,
        "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not"
    );
}

#[tokio::test]
async fn region_by_variable_then_profile() {
    let region = async |vars: &[(&str, &str)], profile| load(vars, profile).await.unwrap().region();
    let both = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
    ];
    assert_eq!(
        region(&both, Some("work")).await.as_deref(),
        Some("us-east-1")
    );
    assert_eq!(region(&both[1..], None).await.as_deref(), Some("us-west-2"));
    assert_eq!(
        region(&[], Some("work")).await.as_deref(),
        Some("eu-central-1")
    );
    assert_eq!(
        region(&[("AWS_REGION", "")], None).await.as_deref(),
        Some("eu-west-1")
    );
    assert_eq!(region(&[], Some("local")).await, None);
}

#[tokio::test]
async fn endpoint_by_the_most_specific_source() {
    let url = async |vars: &[(&str, &str)], profile| match load(vars, profile)
        .await
        .unwrap()
        .endpoint()
        .unwrap()
    {
        Some(Endpoint::Url(url)) => url,
        other => format!("{other:?}"),
    };
    let both = [
        ("AWS_ENDPOINT_URL", "http://all"),
        ("AWS_ENDPOINT_URL_LAMBDA", "http://lambda"),
    ];
    assert_eq!(url(&both, None).await, "http://lambda");
    assert_eq!(url(&both[..1], Some("local")).await, "http://all");
    assert_eq!(url(&[], Some("local")).await, "http://127.0.0.1:9001");
    let ignored = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    assert_eq!(url(&ignored, Some("local")).await, "None");
    assert_eq!(url(&[], Some("work")).await, "Some(Endpoint::Fips)");
    let dual = [("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    assert_eq!(
        url(&dual, Some("work")).await,
        "Some(Endpoint::FipsDualStack)"
    );
    assert_eq!(url(&[], None).await, "None");
}

#[tokio::test]
async fn contradicting_endpoints_are_refused() {
    let vars = [
        ("AWS_ENDPOINT_URL", "http://all"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
    ];
    assert!(load(&vars, None).await.unwrap().endpoint().is_err());
    let vars = [("AWS_USE_FIPS_ENDPOINT", "yes")];
    let error = load(&vars, None)
        .await
        .unwrap()
        .endpoint()
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "AWS_USE_FIPS_ENDPOINT is `yes`; it may be `true` or `false`"
    );
}
