//! The settings that decide who is verified, what is kept and who may look, as the trail records them.

use std::collections::BTreeMap;

use super::{AdminBind, BaseUrl, BlobStoreConfig, CheckpointConfig, Config, DatabaseUrl, MailTransport, Runtime};

/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;

impl Config {
    /// The important settings with the values in force, whether they were set or not. Secrets are left out; of values
    /// that may contain one, or name a person, only a digest is shown.
    pub fn in_force(
        &self,
        base_url: &BaseUrl,
        digest: impl Fn(&str, &str) -> String,
    ) -> BTreeMap<&'static str, String> {
        let minutes = |ms: i64| (ms / MINUTE_MS).to_string();
        let models = self.models_dir.as_ref().map_or("built in".to_owned(), |folder| folder.display().to_string());
        let hashes = self.data_retention.hashes_days.map_or("as the pictures".to_owned(), |days| days.to_string());
        BTreeMap::from([
            ("APP_BASE_URL", base_url.as_str().to_owned()),
            ("DATABASE_URL", self.database(&digest)),
            ("MAIL_TRANSPORT", self.mail.transports.iter().map(mail).collect::<Vec<_>>().join(",")),
            ("ADMIN_BIND", self.operators()),
            ("ADMIN_ALLOW_QUERY_KEY", self.admin_allow_query_key.to_string()),
            ("TRUSTED_PROXIES", self.trusted_proxies.to_string()),
            ("SESSION_COOKIE_SECURE", self.cookie_secure.unwrap_or(base_url.is_https()).to_string()),
            ("CAPTURE_STORE", self.store()),
            ("RETENTION_DAYS", self.retention.verified_days.to_string()),
            ("RETENTION_DAYS_FAILED", self.retention.failed_days.to_string()),
            ("RETENTION_DAYS_HASHES", hashes),
            ("RETENTION_DAYS_RECORDS", self.data_retention.records_days.to_string()),
            ("RETENTION_DAYS_SESSIONS", self.data_retention.sessions_days.to_string()),
            ("RETENTION_DAYS_UNVERIFIED", self.data_retention.unverified_days.to_string()),
            ("CHECKPOINTS_TO", self.checkpoints(&digest)),
            ("CHALLENGE_POLICY", self.policy.name().to_owned()),
            ("ALLOW_TONE_GUIDED", self.allow_tone_guided.to_string()),
            ("TURN_ALTERNATIVE", if self.allow_no_turn { "allow" } else { "refuse" }.to_owned()),
            ("REVIEW_SIGNALS", self.review_signals.to_string()),
            ("LIVENESS_TIMEOUT_SECONDS", self.liveness_timeout_s.to_string()),
            ("MAX_ATTEMPTS", self.max_attempts.to_string()),
            ("MAX_ATTEMPTS_PER_DAY", self.cool_down.per_day.to_string()),
            ("COOL_DOWN_FAILURES", self.cool_down.failures.to_string()),
            ("COOL_DOWN_WINDOW_MINUTES", minutes(self.cool_down.window_ms)),
            ("COOL_DOWN_MINUTES", minutes(self.cool_down.pause_ms)),
            ("TOKEN_TTL_MINUTES", minutes(self.token_ttl_ms)),
            ("TOKEN_SINGLE_REDEEM", self.token_single_redeem.to_string()),
            ("SESSION_TTL_MINUTES", minutes(self.session_ttl_ms)),
            ("MAILS_PER_HOUR", self.mails_per_hour.to_string()),
            ("MAILS_PER_HOUR_PER_DOMAIN", self.mails_per_hour_per_domain.to_string()),
            ("ENGINE_RUNTIME", runtime(self.engine_runtime).to_owned()),
            ("MODELS_DIR", models),
        ])
    }

    fn database(&self, digest: &impl Fn(&str, &str) -> String) -> String {
        let (kind, url) = match &self.database_url {
            DatabaseUrl::Sqlite(url) => ("SQLite", url),
            DatabaseUrl::Postgres(url) => ("PostgreSQL", url),
        };
        format!("{kind}, {}", digest("DATABASE_URL", url.expose()))
    }

    fn checkpoints(&self, digest: &impl Fn(&str, &str) -> String) -> String {
        let to =
            |to: &CheckpointConfig| format!("{}, {}", to.place.kind(), digest("CHECKPOINTS_TO", to.given.expose()));
        self.checkpoints.as_ref().map_or("nowhere".to_owned(), to)
    }

    fn operators(&self) -> String {
        match self.admin_bind {
            AdminBind::WithPages => "with the pages".to_owned(),
            AdminBind::At(address) => address.to_string(),
            AdminBind::Nowhere => "none".to_owned(),
        }
    }

    fn store(&self) -> String {
        match &self.captures.store {
            BlobStoreConfig::Files => "files".to_owned(),
            BlobStoreConfig::S3(s3) => format!("s3, {}{}", s3.bucket, slash(&s3.prefix)),
            BlobStoreConfig::Cloudinary(cloud) => format!("cloudinary, {}/{}", cloud.cloud_name, cloud.folder),
        }
    }
}

/// The prefix of a bucket, behind its name.
fn slash(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("/{prefix}") }
}

fn mail(transport: &MailTransport) -> String {
    match transport {
        MailTransport::File { .. } => "file".to_owned(),
        MailTransport::Smtp(smtp) => format!("smtp {}:{}", smtp.server, smtp.port),
        MailTransport::Resend(resend) => format!("resend {}", resend.url.host_str().unwrap_or_default()),
    }
}

fn runtime(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Tract => "tract",
        Runtime::Compact => "compact",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_force_show_no_secret_and_no_address() {
        let secrets = [
            ("DATABASE_URL", "postgres://jo:hunter2@db.example.com/blink"),
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_USERNAME", "jo@example.com"),
            ("MAIL_PASSWORD", "hunter2"),
            ("ADMIN_API_KEY", "hunter2-hunter2-hunter2"),
            ("S3_BUCKET", "captures"),
            ("S3_ACCESS_KEY_ID", "jo"),
            ("S3_SECRET_ACCESS_KEY", "hunter2"),
            ("S3_PREFIX", "here/"),
            ("CHECKPOINTS_TO", "mailto:jo@example.com"),
        ];
        let config = Config::from_pairs(secrets).unwrap();
        let shown = config.in_force(&config.base_url(8080), |name, _| format!("digest of {name}"));
        assert_eq!(shown["DATABASE_URL"], "PostgreSQL, digest of DATABASE_URL");
        assert_eq!(shown["CAPTURE_STORE"], "s3, captures/here/");
        assert_eq!(shown["MAIL_TRANSPORT"], "smtp mail.example.com:587");
        assert_eq!((shown["RETENTION_DAYS"].as_str(), shown["TURN_ALTERNATIVE"].as_str()), ("30", "allow"));
        assert_eq!(shown["TRUSTED_PROXIES"], "127.0.0.0/8,::1/128");
        for (name, value) in &shown {
            assert!(!value.contains("hunter2") && !value.contains("jo@"), "{name}: {value}");
        }
    }
}
