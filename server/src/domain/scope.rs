//! Scopes of keys: of operators, and of sites.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of `/admin` or of a site's `/v1` that a key opens. Names never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// List, view and export events
    Events,
    /// View pictures and download bundles
    Captures,
    /// Approve or decline events
    Review,
    /// Erase a person
    Erase,
    /// Read the audit of operators' actions
    Audit,
    /// Read the metrics
    Metrics,
    /// For sites: make, mail and cancel checks
    #[serde(rename = "checks:write")]
    #[value(name = "checks:write")]
    ChecksWrite,
    /// For sites: read checks and their results
    #[serde(rename = "checks:read")]
    #[value(name = "checks:read")]
    ChecksRead,
    /// For sites: erase the address and the pictures of a check
    #[serde(rename = "checks:erase")]
    #[value(name = "checks:erase")]
    ChecksErase,
    /// For sites: read what happened to checks
    #[serde(rename = "events:read")]
    #[value(name = "events:read")]
    EventsRead,
    /// For sites: say where to be told, and be told again
    Webhooks,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 11] = [
        Scope::Events,
        Scope::Captures,
        Scope::Review,
        Scope::Erase,
        Scope::Audit,
        Scope::Metrics,
        Scope::ChecksWrite,
        Scope::ChecksRead,
        Scope::ChecksErase,
        Scope::EventsRead,
        Scope::Webhooks,
    ];

    /// Whether it opens a part of a site's `/v1`; the others open parts of `/admin`.
    pub fn is_of_sites(self) -> bool {
        match self {
            Scope::Events | Scope::Captures | Scope::Review | Scope::Erase | Scope::Audit | Scope::Metrics => false,
            Scope::ChecksWrite | Scope::ChecksRead | Scope::ChecksErase | Scope::EventsRead | Scope::Webhooks => true,
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Events => "events",
            Scope::Captures => "captures",
            Scope::Review => "review",
            Scope::Erase => "erase",
            Scope::Audit => "audit",
            Scope::Metrics => "metrics",
            Scope::ChecksWrite => "checks:write",
            Scope::ChecksRead => "checks:read",
            Scope::ChecksErase => "checks:erase",
            Scope::EventsRead => "events:read",
            Scope::Webhooks => "webhooks",
        }
    }
}

/// The scopes of a key, sorted and without duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Whether all of them are for sites.
    pub fn are_of_sites(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|scope| scope.is_of_sites())
    }

    /// Whether all of them are for sites, or none is: a key is an operator's or a site's.
    pub fn are_of_one_kind(&self) -> bool {
        self.0.iter().all(|scope| scope.is_of_sites()) || !self.0.iter().any(|scope| scope.is_of_sites())
    }

    /// Whether this scope is included.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The names, separated by commas.
    pub fn names(&self) -> String {
        self.0.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(",")
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl FromStr for Scopes {
    type Err = std::convert::Infallible;

    /// Parses the output of [`Scopes::names`]. Unknown names are ignored and open nothing.
    fn from_str(names: &str) -> Result<Self, Self::Err> {
        Ok(names.split(',').filter_map(|name| Scope::ALL.into_iter().find(|scope| scope.name() == name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_through_text_and_unknown_ones_are_ignored() {
        let scopes: Scopes = [Scope::Audit, Scope::Events, Scope::Audit].into_iter().collect();
        assert_eq!(scopes.names(), "events,audit");
        assert_eq!(scopes.names().parse(), Ok(scopes.clone()));
        assert_eq!("audit,everything,events".parse(), Ok(scopes));
        assert_eq!("".parse::<Scopes>(), Ok([].into_iter().collect()));
        for scope in Scope::ALL {
            assert!(Scopes::all().has(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}
