//! `blinkgate sites`: adds, changes and lists the sites that rely on this server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::{command_line, print_json};
use crate::audit::{self, Action};
use crate::clock;
use crate::config::{BaseUrl, Config};
use crate::db::sites::{self, Site};
use crate::db::{Db, LockScope};
use crate::domain::{Language, Logo, SiteId};

/// Longest name of a site.
const MAX_NAME: usize = 80;

/// What can be said about a site.
#[derive(Args, Clone, Debug, Default)]
pub struct SiteFields {
    /// Its name, as people are shown it
    #[arg(long)]
    pub name: Option<String>,
    /// An address to which people may be sent afterwards; may be repeated, and replaces those from before
    #[arg(long, value_name = "URL")]
    pub return_url: Vec<String>,
    /// The origin of pages that may hold the check in a frame; may be repeated, and replaces those from before
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Vec<String>,
    /// A host that its webhooks may reach although its address is private; may be repeated, and replaces those before
    #[arg(long, value_name = "HOST")]
    pub private_host: Vec<String>,
    /// A picture that its mails show: a PNG or JPEG file of up to 24 kB, or "none" for none
    #[arg(long, value_name = "FILE")]
    pub logo: Option<PathBuf>,
    /// Its colour, as #rrggbb
    #[arg(long, value_name = "COLOUR")]
    pub accent: Option<String>,
    /// The language of its mails, such as de
    #[arg(long)]
    pub locale: Option<String>,
    /// The kind of challenge, instead of CHALLENGE_POLICY
    #[arg(long, value_parser = ["prompted", "natural"])]
    pub policy: Option<String>,
}

impl SiteFields {
    fn apply(self, site: &mut Site) -> anyhow::Result<()> {
        let SiteFields { name, return_url, origin, private_host, logo, accent, locale, policy } = self;
        if let Some(name) = name {
            let fits = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
            ensure!(fits, "a site's name must have 1 to {MAX_NAME} characters, on one line");
            site.name = name;
        }
        if !return_url.is_empty() {
            return_url.iter().try_for_each(|url| web_address(url))?;
            site.return_urls = json!(return_url).to_string();
        }
        if !origin.is_empty() {
            let origins: Result<Vec<BaseUrl>, ()> = origin.iter().map(|text| text.parse()).collect();
            let origins = origins.ok().context("an origin looks like https://shop.example, without a path")?;
            site.origins = json!(origins.iter().map(BaseUrl::as_str).collect::<Vec<_>>()).to_string();
        }
        if !private_host.is_empty() {
            site.private_hosts = json!(private_host).to_string();
        }
        if let Some(logo) = logo {
            site.logo = picture(&logo)?.map(|logo| logo.stored());
        }
        if let Some(accent) = accent {
            let digits = accent.strip_prefix('#').filter(|digits| digits.len() == 6);
            let is_colour = digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            ensure!(is_colour, "a colour looks like #2f6f5e");
            site.accent = Some(accent);
        }
        if let Some(locale) = locale {
            ensure!(Language::parse(&locale).is_some(), "a language looks like de or pt-br");
            site.locale = Some(locale);
        }
        site.policy = policy.or_else(|| site.policy.take());
        Ok(())
    }
}

/// Adds a site, records that in the audit, and prints it.
///
/// # Errors
/// The id is taken or invalid, a field is, or the database cannot be written.
pub async fn add_site(config: &Config, id: &str, fields: SiteFields) -> anyhow::Result<()> {
    let id = SiteId::parse(id).context("an id has up to 40 lower-case letters, digits and inner hyphens")?;
    let now = clock::now_ms();
    let mut site = Site {
        name: id.to_string(),
        id,
        logo: None,
        accent: None,
        origins: "[]".to_owned(),
        return_urls: "[]".to_owned(),
        private_hosts: "[]".to_owned(),
        locale: None,
        policy: None,
        created_at: now,
        updated_at: now,
    };
    fields.apply(&mut site)?;
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    ensure!(sites::insert(&mut tx, &site).await?, "there is a site {} already; change it with sites set", site.id);
    audit::note(&mut tx, Action::SiteAdded, &command_line(), &view(&site), now).await?;
    tx.commit().await?;
    db.close().await;
    print_json(&view(&site))
}

/// Changes a site, records that in the audit, and prints it.
///
/// # Errors
/// There is no such site, a field is invalid, or the database cannot be written.
pub async fn set_site(config: &Config, id: &str, fields: SiteFields) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    let site = match SiteId::parse(id) {
        Some(id) => sites::find(&mut tx, &id).await?,
        None => None,
    };
    let mut site = site.context("there is no such site")?;
    fields.apply(&mut site)?;
    site.updated_at = clock::now_ms();
    sites::update(&mut tx, &site).await?;
    audit::note(&mut tx, Action::SiteChanged, &command_line(), &view(&site), site.updated_at).await?;
    tx.commit().await?;
    db.close().await;
    print_json(&view(&site))
}

/// Prints every site.
///
/// # Errors
/// The database cannot be read.
pub async fn list_sites(config: &Config) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    for site in sites::list_all(&mut db.read().await?).await? {
        print_json(&view(&site))?;
    }
    db.close().await;
    Ok(())
}

/// The picture in this file; `None` for the word "none".
fn picture(path: &Path) -> anyhow::Result<Option<Logo>> {
    if path == Path::new("none") {
        return Ok(None);
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let logo = Logo::from_file(bytes);
    let most_kb = Logo::MAX_BYTES / 1000;
    ensure!(logo.is_some(), "{} is no PNG or JPEG of up to {most_kb} kB", path.display());
    Ok(logo)
}

/// Fails unless this is the address of a page that nobody can read or change on the way.
fn web_address(text: &str) -> anyhow::Result<()> {
    let url = url::Url::parse(text).with_context(|| format!("{text} is no address"))?;
    let origin: Result<BaseUrl, ()> = url.origin().ascii_serialization().parse();
    let is_safe = origin.is_ok_and(|origin| origin.is_https() || origin.is_loopback());
    let is_plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    ensure!(is_safe && is_plain, "{text} must start with https:// and have no user and no fragment");
    Ok(())
}

fn view(site: &Site) -> Value {
    json!({
        "id": site.id,
        "name": site.name,
        "return_urls": site.return_urls(),
        "origins": site.origins(),
        "private_hosts": site.private_hosts(),
        "logo": site.logo.as_deref().and_then(Logo::from_stored).map(|logo| logo.media_type),
        "accent": site.accent,
        "locale": site.locale,
        "policy": site.policy,
        "created_at": clock::rfc3339(site.created_at),
        "updated_at": clock::rfc3339(site.updated_at),
    })
}
