//! What an admin key opens.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of `/admin`. Names are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// List events, look at one, export the table
    Events,
    /// Look at pictures, take bundles
    Captures,
    /// Approve and decline
    Review,
    /// Erase a person
    Erase,
    /// Read what operators did
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

/// The scopes of a key, each once, in one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Whether this one is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The names with commas between.
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

    /// Reads what [`Scopes::names`] wrote. A name that this version does not know opens nothing.
    fn from_str(names: &str) -> Result<Self, Self::Err> {
        Ok(names.split(',').filter_map(|name| Scope::ALL.into_iter().find(|scope| scope.name() == name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_go_into_a_text_and_back_and_unknown_ones_open_nothing() {
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
