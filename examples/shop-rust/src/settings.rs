//! Settings from environment variables. A missing one is an error that says how to get it.

use reqwest::Url;

use crate::webhook::Secret;

/// What keys of test mode begin with.
const TEST_KEY: &str = "bk_test_";

pub(crate) const HELP: &str = r#"A shop that asks Blinkgate for a check before an order. Settings are environment variables:

  BLINKGATE       Blinkgate's address, as in its own APP_BASE_URL: results name it, and the shop compares
  BLINKGATE_KEY   a key of the shop's site, with the scopes checks:write and checks:read
  SHOP_SITE       the id of that site
  SHOP_ADDRESS    where people find the shop, which listens on this machine at that port [http://localhost:8091]
  SHOP_TESTS      true: results of test mode count, and no others; never in production [false]
  WEBHOOK_SECRET  of the site's webhook, whsec_…; without it the shop is not told what happens later

From nothing to a shop in test mode, on the machine and with the settings of a Blinkgate at port 8080:

  blinkgate sites add shop --name "The Shop" --return-url http://localhost:8091/back \
    --origin http://localhost:8091 --private-host localhost
  export BLINKGATE=http://localhost:8080 SHOP_SITE=shop SHOP_TESTS=true
  export BLINKGATE_KEY="$(blinkgate keys add shop-test --site shop --test --scope checks:write,checks:read,webhooks)"
  curl "$BLINKGATE/v1/webhooks" -H "Authorization: Bearer $BLINKGATE_KEY" -H "Content-Type: application/json" \
    -d '{"url":"http://localhost:8091/hook"}'
  export WEBHOOK_SECRET=whsec_…         # from the answer
  cargo run --package shop-rust         # then order with pass@test.blinkgate"#;

pub(crate) const NO_WEBHOOK: &str =
    "WEBHOOK_SECRET is not set: the shop will not learn that an operator has taken a verification back (--help).";

/// What the shop must know. Has no `Debug`, because it holds secrets.
pub(crate) struct Settings {
    /// Where Blinkgate is, without a slash at the end; the `iss` of its results.
    pub(crate) base: String,
    pub(crate) key: String,
    pub(crate) site: String,
    /// Where people find the shop, without a slash at the end.
    pub(crate) address: String,
    pub(crate) port: u16,
    /// Whether results of test mode count, and no others.
    pub(crate) tests: bool,
    pub(crate) webhook: Option<Secret>,
}

/// The shop cannot start with these settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// There is no default that would be right.
    #[error("{name} is not set: {remedy}")]
    Missing { name: &'static str, remedy: &'static str },
    /// It has a value of another kind.
    #[error("{name} {problem}")]
    Unusable { name: &'static str, problem: &'static str },
}

impl Settings {
    /// `variable`: the value of an environment variable.
    ///
    /// # Errors
    /// A setting is missing or cannot be used.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name, remedy| variable(name).ok_or(SettingsError::Missing { name, remedy });
        let base = required("BLINKGATE", "it is your Blinkgate's address, such as http://localhost:8080")?;
        let (base, _) = origin("BLINKGATE", &base)?;
        let site = required(
            "SHOP_SITE",
            "it is the id of the shop's site. Add one: blinkgate sites add shop --name \"The Shop\" \
             --return-url http://localhost:8091/back --origin http://localhost:8091",
        )?;
        let key = required(
            "BLINKGATE_KEY",
            "it is a key of the shop's site. Make one, which is printed once: \
             blinkgate keys add shop-test --site shop --test --scope checks:write,checks:read",
        )?;
        let address = variable("SHOP_ADDRESS").unwrap_or_else(|| "http://localhost:8091".to_owned());
        let (address, port) = origin("SHOP_ADDRESS", &address)?;
        let tests = match variable("SHOP_TESTS").as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(_) => return Err(SettingsError::Unusable { name: "SHOP_TESTS", problem: "must be true or false" }),
        };
        // Otherwise every result would be refused, and only at the end of an order.
        if key.starts_with(TEST_KEY) != tests {
            let problem = if tests {
                "is for test mode, but BLINKGATE_KEY is not: make a key with --test, or leave SHOP_TESTS out"
            } else {
                "must be true, because BLINKGATE_KEY is for test mode; or make a key without --test"
            };
            return Err(SettingsError::Unusable { name: "SHOP_TESTS", problem });
        }
        let webhook = variable("WEBHOOK_SECRET").map(|text| Secret::parse(&text).ok_or(NO_SECRET)).transpose()?;
        Ok(Self { base, key, site, address, port, tests, webhook })
    }
}

const NO_SECRET: SettingsError =
    SettingsError::Unusable { name: "WEBHOOK_SECRET", problem: "must be the `secret` of a webhook, whsec_…" };

/// Scheme, host and port as browsers write them, and the port. The same text is in `iss` and in security policies.
fn origin(name: &'static str, text: &str) -> Result<(String, u16), SettingsError> {
    let problem = "must be an address like https://shop.example, without a path";
    let url = Url::parse(text).ok().filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        is_bare && url.username().is_empty() && matches!(url.scheme(), "http" | "https")
    });
    let parts = url.and_then(|url| Some((url.origin().ascii_serialization(), url.port_or_known_default()?)));
    parts.ok_or(SettingsError::Unusable { name, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("BLINKGATE", "http://localhost:8080/"),
        ("BLINKGATE_KEY", "bk_test_1_2"),
        ("SHOP_SITE", "shop"),
        ("SHOP_TESTS", "true"),
    ];

    /// The good settings with one of them changed, or left out if it is empty.
    fn with(name: &str, value: &str) -> Result<Settings, SettingsError> {
        Settings::new(|wanted| {
            let good = GOOD.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
            let value = if wanted == name { Some(value) } else { good };
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        })
    }

    #[test]
    fn addresses_have_no_slash_at_the_end_and_the_shop_has_its_own_port() {
        let settings = with("", "").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (settings.base.as_str(), settings.address.as_str()),
            ("http://localhost:8080", "http://localhost:8091")
        );
        assert_eq!((settings.port, settings.tests, settings.webhook.is_none()), (8091, true, true));
    }

    #[test]
    fn a_setting_that_is_missing_is_named_with_a_remedy() {
        for (name, remedy) in [("BLINKGATE", "http://"), ("BLINKGATE_KEY", "keys add"), ("SHOP_SITE", "sites add")] {
            let error = with(name, "").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(&format!("{name} is not set")) && error.contains(remedy), "{name}: {error}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        for (name, value, named) in [
            ("BLINKGATE", "localhost:8080", "BLINKGATE"),
            ("BLINKGATE", "https://blink.example/check", "BLINKGATE"),
            ("SHOP_ADDRESS", "shop.example", "SHOP_ADDRESS"),
            ("SHOP_TESTS", "yes", "SHOP_TESTS"),
            ("WEBHOOK_SECRET", "whpk_AAAA", "WEBHOOK_SECRET"),
            // A key and a shop of different modes.
            ("SHOP_TESTS", "false", "SHOP_TESTS"),
            ("BLINKGATE_KEY", "bk_1_2", "SHOP_TESTS"),
        ] {
            let error = with(name, value).err();
            assert!(
                matches!(error, Some(SettingsError::Unusable { name, .. }) if name == named),
                "{name}={value}: {error:?}"
            );
        }
    }
}
