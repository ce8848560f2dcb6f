//! Scopes of admin keys.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of `/admin` that a key opens. Names never change.
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
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 6] =
        [Scope::Events, Scope::Captures, Scope::Review, Scope::Erase, Scope::Audit, Scope::Metrics];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Events => "events",
            Scope::Captures => "captures",
            Scope::Review => "review",
            Scope::Erase => "erase",
            Scope::Audit => "audit",
            Scope::Metrics => "metrics",
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
