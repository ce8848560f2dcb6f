//! Sends mails by a mail server.

use std::time::Duration;

use anyhow::Context as _;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::error::SendError;
use super::message::{self, Mail};
use crate::config::{MailSecurity, SmtpConfig};

/// A mail server.
#[derive(Clone, Debug)]
pub(super) struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
    sender: Mailbox,
}

impl Smtp {
    /// Prepares the client; does not connect. `timeout`: for one mail.
    ///
    /// # Errors
    /// The server's name is invalid, or `MAIL_CA_FILE` contains no certificate.
    pub(super) fn new(config: &SmtpConfig, timeout: Duration) -> anyhow::Result<Self> {
        let tls = match config.security {
            MailSecurity::StartTls => Tls::Required(parameters(config)?),
            MailSecurity::Tls => Tls::Wrapper(parameters(config)?),
            MailSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.server)
            .port(config.port)
            .tls(tls)
            .timeout(Some(timeout));
        if let Some((name, password)) = &config.login {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self { server: builder.build(), timeout, sender: config.sender.clone() })
    }

    /// Connects and logs in.
    pub(super) async fn probe(&self) -> Result<(), SendError> {
        self.in_time(self.server.test_connection()).await.map(drop)
    }

    /// Sends one mail.
    pub(super) async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        let message = message::write(mail, &self.sender).map_err(|error| SendError::unwritable(&error))?;
        self.in_time(self.server.send(message)).await.map(drop)
    }

    /// The library's own timeout covers only the connection: it would wait forever for a server that then says
    /// nothing.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, SendError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(|error| smtp_error(&error)),
            Err(_) => Err(SendError {
                text: format!("no answer within {} s", self.timeout.as_secs()),
                is_final: false,
                kind: "the mail server did not answer in time",
            }),
        }
    }
}

fn parameters(config: &SmtpConfig) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(config.server.clone());
    if let Some(path) = &config.authority {
        let read = || format!("MAIL_CA_FILE {} contains no readable certificate", path.display());
        let pem = std::fs::read(path).with_context(read)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).with_context(read)?);
    }
    builder.build().with_context(|| format!("MAIL_SERVER is \"{}\", which is not a valid host name", config.server))
}

fn smtp_error(error: &lettre::transport::smtp::Error) -> SendError {
    // 55x is about this mailbox or mail. An operator can fix other refusals, such as a wrong password.
    let code = error.status().map(u16::from);
    let is_final = code.is_some_and(|code| (550..560).contains(&code));
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    let kind = if is_final {
        "the mail server refused the mailbox or the mail"
    } else if code.is_some() {
        "the mail server refused the mail for now"
    } else if error.is_timeout() {
        "the mail server did not answer in time"
    // Certificate errors are reported as connection errors.
    } else if error.is_tls() || text.contains("certificate") {
        "the mail server offers no trusted TLS connection"
    } else {
        "the mail server could not be reached or sent an invalid answer"
    };
    SendError { text, is_final, kind }
}
