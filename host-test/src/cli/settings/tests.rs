//! Precedence of the sources, and the messages of rejected settings.

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
external_id = ext-1
role_session_name = night
duration_seconds = 900

[profile chained]
role_arn = arn:aws:iam::210987654321:role/far
source_profile = role

[profile own-keys]
role_arn = arn:aws:iam::123456789012:role/mine
source_profile = own-keys
aws_access_key_id = AKIDOWN
aws_secret_access_key = own-secret

[profile round]
role_arn = arn:aws:iam::123456789012:role/round
source_profile = trip

[profile trip]
role_arn = arn:aws:iam::123456789012:role/trip
source_profile = round

[profile token]
role_arn = arn:aws:iam::123456789012:role/oidc
web_identity_token_file = /token

[profile behind-token]
role_arn = arn:aws:iam::123456789012:role/behind
source_profile = token

[profile lost]
role_arn = arn:aws:iam::123456789012:role/lost
source_profile = nowhere

[profile alone]
role_arn = arn:aws:iam::123456789012:role/alone

[profile mfa]
role_arn = arn:aws:iam::123456789012:role/mfa
source_profile = work
mfa_serial = arn:aws:iam::123456789012:mfa/ada

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

fn files() -> Fs {
    Fs::from_slice(&[
        ("/home/me/.aws/config", CONFIG),
        ("/home/me/.aws/credentials", CREDENTIALS),
        (
            "/elsewhere",
            "[only]\naws_access_key_id = AKIDELSEWHERE\naws_secret_access_key = x\n",
        ),
        ("/region-only", "[default]\nregion = eu-west-1\n"),
        ("/token", "a.b.c\n"),
    ])
}

async fn load(vars: &[(&str, &str)], profile: Option<&str>) -> Result<Settings> {
    let mut vars = vars.to_vec();
    vars.push(("HOME", "/home/me"));
    Settings::load(Env::from_slice(&vars), &files(), profile).await
}

async fn credentials(vars: &[(&str, &str)], profile: Option<&str>) -> Result<Credentials> {
    load(vars, profile).await?.credentials(&files()).await
}

async fn key(vars: &[(&str, &str)], profile: Option<&str>) -> (String, Option<String>) {
    match credentials(vars, profile).await.unwrap() {
        Credentials::AccessKey(key) => (key.access_key_id, key.session_token),
        _ => panic!("another kind"),
    }
}

async fn refusal(vars: &[(&str, &str)], profile: Option<&str>) -> String {
    match credentials(vars, profile).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("not refused"),
    }
}

/// Returns the access key that assumes the first role, and the roles in order.
async fn roles(profile: &str) -> (String, Vec<Role>) {
    match credentials(&[], Some(profile)).await.unwrap() {
        Credentials::AssumeRole(chain) => (chain.source.access_key_id, chain.roles),
        Credentials::WebIdentity(identity) => (identity.token, vec![identity.role]),
        _ => panic!("another kind"),
    }
}

#[tokio::test]
async fn profile_with_a_role_yields_that_role() {
    let (source, found) = roles("role").await;
    assert_eq!(source, "AKIDWORK");
    let [role] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(role.arn, "arn:aws:iam::123456789012:role/deploy");
    assert_eq!(role.external_id.as_deref(), Some("ext-1"));
    assert_eq!(role.session_name.as_deref(), Some("night"));
    assert_eq!(role.duration_seconds, Some(900));

    let (source, found) = roles("own-keys").await;
    assert_eq!((source.as_str(), found.len()), ("AKIDOWN", 1));
}

#[tokio::test]
async fn chained_roles_are_assumed_from_the_source_onward() {
    let (source, found) = roles("chained").await;
    assert_eq!(source, "AKIDWORK");
    let arns: Vec<&str> = found.iter().map(|role| role.arn.as_str()).collect();
    assert_eq!(
        arns,
        [
            "arn:aws:iam::123456789012:role/deploy",
            "arn:aws:iam::210987654321:role/far"
        ]
    );
}

#[tokio::test]
async fn web_identity_token_comes_from_a_profile_or_from_variables() {
    let (token, found) = roles("token").await;
    assert_eq!(token, "a.b.c");
    assert_eq!(found[0].arn, "arn:aws:iam::123456789012:role/oidc");

    let vars = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
        ("AWS_ROLE_SESSION_NAME", "pod-7"),
        ("AWS_CONFIG_FILE", "/region-only"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/region-only"),
    ];
    match credentials(&vars, None).await.unwrap() {
        Credentials::WebIdentity(identity) => {
            assert_eq!(identity.token, "a.b.c");
            assert_eq!(identity.role.arn, "arn:aws:iam::123456789012:role/pod");
            assert_eq!(identity.role.session_name.as_deref(), Some("pod-7"));
        }
        _ => panic!("another kind"),
    }
    // Keys take precedence over the token, both in variables and in the profile.
    assert_eq!(key(&[&vars[..], &KEYS].concat(), None).await.0, "AKIDENV");
    assert_eq!(key(&vars[..3], None).await.0, "AKIDDEFAULT");
}

#[tokio::test]
async fn broken_profile_chain_error_names_the_last_profile() {
    for (profile, says) in [
        ("round", "profile `round` has no aws_access_key_id"),
        (
            "lost",
            "profile `lost` names the source_profile `nowhere`, which does not exist",
        ),
        (
            "alone",
            "profile `alone` has role_arn but no source_profile: add the profile whose keys assume the role",
        ),
        (
            "behind-token",
            "profile `behind-token` chains a role behind the role of a web identity token",
        ),
    ] {
        let refusal = refusal(&[], Some(profile)).await;
        assert!(refusal.starts_with(says), "{refusal}");
    }
}

#[tokio::test]
async fn variables_take_precedence_over_the_default_profile() {
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
async fn profile_argument_overrides_variables_but_profile_variable_does_not() {
    let work = ("AKIDWORK".to_owned(), Some("work-token".to_owned()));
    assert_eq!(key(&KEYS, Some("work")).await, work);
    assert_eq!(key(&[("AWS_PROFILE", "work")], None).await, work);
    let [id, secret] = KEYS;
    let vars = [id, secret, ("AWS_PROFILE", "work")];
    assert_eq!(key(&vars, None).await.0, "AKIDENV");
}

#[tokio::test]
async fn shared_files_can_be_moved_by_variables() {
    let vars = [("AWS_SHARED_CREDENTIALS_FILE", "/elsewhere")];
    assert_eq!(key(&vars, Some("only")).await.0, "AKIDELSEWHERE");
}

#[tokio::test]
async fn unknown_profile_is_an_error_even_with_keys_in_variables() {
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
async fn unsupported_profile_error_names_the_unsupported_setting() {
    for (profile, asks) in [
        (
            "mfa",
            "a code of the MFA device arn:aws:iam::123456789012:mfa/ada (mfa_serial)",
        ),
        ("sso", "a login through the SSO session corp (sso_session)"),
        ("process", "running a program (credential_process), which"),
    ] {
        let refusal = refusal(&[], Some(profile)).await;
        assert!(
            refusal.starts_with(&format!("profile `{profile}` asks for {asks}")),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn missing_credentials_error_names_the_variables() {
    let settings = Settings::load(Env::from_slice(&[]), &Fs::from_slice(&[]), None).await;
    let credentials = settings.unwrap().credentials(&files()).await;
    let refusal = credentials.err().unwrap().to_string();
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
async fn incomplete_key_error_names_the_missing_variable() {
    let [id, secret] = KEYS;
    for (half, missing) in [(id, secret), (secret, id)] {
        let told = refusal(&[half], None).await;
        assert_eq!(
            told,
            format!("{} is set, but {} is not: set both", half.0, missing.0)
        );
    }
}

#[tokio::test]
async fn region_comes_from_a_variable_and_then_from_the_profile() {
    let variable = ("AWS_REGION", "us-east-1");
    let default = ("AWS_DEFAULT_REGION", "us-west-2");
    let empty = ("AWS_REGION", "");
    for (vars, profile, region) in [
        (&[variable, default][..], Some("work"), Some("us-east-1")),
        (&[default], None, Some("us-west-2")),
        (&[], Some("work"), Some("eu-central-1")),
        (&[empty], None, Some("eu-west-1")),
        (&[], Some("local"), None),
    ] {
        let settings = load(vars, profile).await.unwrap();
        assert_eq!(settings.region().as_deref(), region, "{vars:?} {profile:?}");
    }
}

#[tokio::test]
async fn endpoint_comes_from_the_most_specific_source() {
    let all = ("AWS_ENDPOINT_URL", "http://all");
    let lambda = ("AWS_ENDPOINT_URL_LAMBDA", "http://lambda");
    let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    for (vars, profile, expected) in [
        (&[all, lambda][..], None, "http://lambda"),
        (&[all], Some("local"), "http://all"),
        (&[], Some("local"), "http://127.0.0.1:9001"),
        (&[ignored], Some("local"), "None"),
        (&[], Some("work"), "Some(Endpoint::Fips)"),
        (&[dual], Some("work"), "Some(Endpoint::FipsDualStack)"),
        (&[], None, "None"),
    ] {
        let settings = load(vars, profile).await.unwrap();
        let endpoint = match settings.endpoint().unwrap() {
            Some(Endpoint::Url(url)) => url,
            other => format!("{other:?}"),
        };
        assert_eq!(endpoint, expected, "{vars:?} {profile:?}");
    }
}

#[tokio::test]
async fn conflicting_endpoint_settings_are_rejected() {
    let vars = [
        ("AWS_ENDPOINT_URL", "http://all"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
    ];
    assert!(load(&vars, None).await.unwrap().endpoint().is_err());
    let vars = [("AWS_USE_FIPS_ENDPOINT", "yes")];
    let error = load(&vars, None).await.unwrap().endpoint().unwrap_err();
    let told = "AWS_USE_FIPS_ENDPOINT is `yes`; it may be `true` or `false`";
    assert_eq!(error.to_string(), told);
}

#[tokio::test]
async fn rejected_settings_are_not_quoted_where_they_can_contain_a_secret() {
    const SECRET: &str = "hunter2";
    let config = "\
[profile process]
credential_process = /opt/keys --password hunter2

[profile sso]
sso_start_url = https://user:hunter2@sso.example/

[profile login]
login_session = hunter2

[profile duration]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = process
duration_seconds = hunter2

[profile endpoint]
endpoint_url = https://user:hunter2@h
use_fips_endpoint = true
";
    let fs = Fs::from_slice(&[("/home/me/.aws/config", config)]);
    for profile in ["process", "sso", "login", "duration", "endpoint"] {
        let env = Env::from_slice(&[("HOME", "/home/me")]);
        let settings = Settings::load(env, &fs, Some(profile)).await.unwrap();
        let error = match settings.endpoint() {
            Err(error) => error,
            Ok(_) => settings.credentials(&fs).await.unwrap_err(),
        };
        let told = format!("{error:#} {error:?}");
        assert!(!told.contains(SECRET), "{told}");
    }

    for url in ["https://user:hunter2@h", "https://h/?token=hunter2"] {
        let vars = [
            ("AWS_ENDPOINT_URL_LAMBDA", url),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
        ];
        let settings = load(&vars, None).await.unwrap();
        let told = format!("{:#}", settings.endpoint().unwrap_err());
        assert!(!told.contains(SECRET), "{told}");
        assert!(told.contains("AWS_ENDPOINT_URL_LAMBDA"), "{told}");
    }

    // Lines that the parser rejects.
    for text in [
        "[default]\naws_secret_access_key hunter2\n",
        "aws_secret_access_key = hunter2\n",
        "[default hunter2\n",
        "[default]\n= hunter2\n",
        "[services x]\nlambda =\n  hunter2\n",
    ] {
        let fs = Fs::from_slice(&[("/home/me/.aws/credentials", text)]);
        let env = Env::from_slice(&[("HOME", "/home/me")]);
        if let Err(error) = Settings::load(env, &fs, None).await {
            let told = format!("{error:#} {error:?}");
            assert!(!told.contains(SECRET), "{told}");
        }
    }
}

#[tokio::test]
async fn files_beyond_their_limit_are_rejected() {
    let long = "x".repeat(2 << 20);
    let fs = Fs::from_slice(&[("/long", &long), ("/home/me/.aws/config", CONFIG)]);
    let vars = [
        ("HOME", "/home/me"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/long"),
    ];
    let error = Settings::load(Env::from_slice(&vars), &fs, None).await;
    let told = error.err().unwrap().to_string();
    assert!(told.starts_with("the AWS configuration in /long is longer than 1048576 bytes"));

    let vars = [
        ("HOME", "/home/ada"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/long"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
    ];
    let settings = Settings::load(Env::from_slice(&vars), &fs, None)
        .await
        .unwrap();
    let told = settings.credentials(&fs).await.unwrap_err().to_string();
    assert!(
        told.starts_with("the OIDC token in /long is longer than 65536 bytes"),
        "{told}"
    );
}
