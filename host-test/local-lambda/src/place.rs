//! The region and account of a service, and the ARNs that contain them.

pub(super) struct Place {
    pub region: String,
    pub account: String,
}

impl Place {
    /// Returns the unqualified ARN of a function in this account.
    pub fn function_arn(&self, name: &str) -> String {
        self.function_arn_in(&self.account, name)
    }

    /// Returns the ARN of a function in this account, qualified if there is a qualifier.
    pub fn qualified_arn(&self, name: &str, qualifier: Option<&str>) -> String {
        let arn = self.function_arn(name);
        match qualifier {
            Some(qualifier) => format!("{arn}:{qualifier}"),
            None => arn,
        }
    }

    /// Returns the unqualified ARN of a function in the given account.
    pub fn function_arn_in(&self, account: &str, name: &str) -> String {
        format!(
            "arn:{}:lambda:{}:{account}:function:{name}",
            partition(&self.region),
            self.region
        )
    }

    /// Returns an ARN of a global service: IAM or STS.
    pub fn global_arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}::{}:{resource}",
            partition(&self.region),
            self.account
        )
    }

    /// Returns the ARN that error messages show for the owner of the configured keys.
    pub fn principal(&self) -> String {
        self.global_arn("iam", "user/local-lambda")
    }
}

/// Returns the partition of a region as ARNs spell it.
fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}
