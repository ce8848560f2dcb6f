//! The commands below `blinkgate keys`, `sites` and `signing-keys`.

use clap::Subcommand;
use server::domain::Scope;
use server::tools::SiteFields;

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Create a key and print it once; the database stores only its hash
    Add {
        /// Its name; unique among keys that are not revoked
        name: String,
        /// The parts that it opens, separated by commas
        #[arg(long, value_enum, required = true, value_delimiter = ',')]
        scope: Vec<Scope>,
        /// The site that it belongs to, for scopes of sites [default: default]
        #[arg(long, value_name = "ID")]
        site: Option<String>,
        /// Checks made with it are decided without a camera; their results say that they are tests
        #[arg(long)]
        test: bool,
        /// Days until it expires
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// Print one JSON object per key: its scopes, when it was created and last used (to the hour), whether it was sent
    /// in a URL
    List,
    /// Ask for a code at the console too, for a key of an operator
    #[command(subcommand)]
    SecondFactor(SecondFactor),
    /// Revoke a key with immediate effect
    Revoke {
        /// Its name or its id
        key: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum SecondFactor {
    /// Print an address and a QR code for an authenticator app, and ask for a code from it
    ///
    /// From then on, the key opens the console only, and only together with a code.
    Add {
        /// The key's name or its id
        key: String,
    },
    /// Remove it, for instance because the phone is lost; ends the sessions that it opened
    Remove {
        /// The key's name or its id
        key: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Sites {
    /// Add a site and print it
    Add {
        /// Its id: lower-case letters, digits and hyphens; stands in pages and results, and is no secret
        id: String,
        #[command(flatten)]
        fields: SiteFields,
    },
    /// Change a site and print it; what is not given stays as it is
    Set {
        /// Its id
        id: String,
        #[command(flatten)]
        fields: SiteFields,
    },
    /// Print one JSON object per site
    List,
}

#[derive(Subcommand)]
pub(crate) enum SigningKeys {
    /// Print one JSON object per key, newest first
    List,
    /// Add a key, which signs as soon as sites can know it; results that earlier ones signed stay valid
    Rotate {
        /// Revoke the earlier keys, because somebody else may have them: the new one signs at once
        #[arg(long)]
        revoke_old: bool,
    },
}
