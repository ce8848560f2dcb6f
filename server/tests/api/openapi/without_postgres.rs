//! The description compared with the code: routes, codes, and the document's own references.

use std::collections::{BTreeMap, BTreeSet};

use engine::Reason;
use serde_json::Value;
use server::domain::Scope;
use server::routes::{Access, ApiError, routes};
use strum::IntoEnumIterator;

use super::Description;

/// A path in OpenAPI's syntax: parameters have no star.
fn spelled(path: &str) -> String {
    path.replace("{*", "{")
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Anybody => "anybody",
        Access::Link => "link",
        Access::Session => "session",
        Access::Handoff => "handoff",
        Access::Client => "client",
        Access::Admin(_) => "admin",
        Access::Site(_) => "site",
    }
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let description = Description::read();
    let table: BTreeMap<String, _> =
        routes().into_iter().map(|route| (format!("{} {}", route.method, spelled(route.path)), route)).collect();
    let described = description.operations();
    assert_eq!(table.keys().collect::<Vec<_>>(), described.keys().collect::<Vec<_>>());
    let mut ids = BTreeSet::new();
    for (name, route) in table {
        let operation = described[&name];
        assert_eq!(operation["x-access"], access(route.access), "{name}");
        let scope = match route.access {
            Access::Admin(scope) => scope.map(Scope::name),
            Access::Site(scope) => Some(scope.name()),
            _ => None,
        };
        assert_eq!(operation.get("x-scope").map(|scope| scope.as_str().unwrap()), scope, "{name}");
        assert_eq!(operation["x-max-body"], route.max_body, "{name}");
        let schemes: Vec<&String> =
            operation["security"].as_array().unwrap().iter().flat_map(|way| way.as_object().unwrap().keys()).collect();
        let expected: &[&str] = match route.access {
            Access::Anybody | Access::Link | Access::Handoff => &[],
            Access::Session => &["session", "sessionByHttps", "sessionBearer"],
            Access::Client => &["clientToken"],
            Access::Admin(_) => &["adminKey", "adminBearer"],
            Access::Site(_) => &["siteKey"],
        };
        assert_eq!(schemes, expected, "{name}");
        assert_eq!(operation["requestBody"].is_object(), route.max_body > 0, "{name}");
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        let asks_own_page = parameters.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/OwnPage");
        let is_of_site = route.path.starts_with("/v1/");
        assert_eq!(asks_own_page, !route.method.is_safe() && !is_of_site, "{name}");
        let resolved = parameters.iter().map(|parameter| description.resolved(parameter));
        let in_path = resolved.filter(|parameter| parameter["in"] == "path");
        let named: Vec<String> =
            in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(named.len(), spelled(route.path).matches('{').count(), "{name}");
        assert!(named.iter().all(|parameter| spelled(route.path).contains(parameter)), "{name}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its operationId is not unique");
    }
}

#[test]
fn every_error_code_reason_and_scope_is_described_as_the_server_defines_it() {
    let description = Description::read();
    let schemas = &description.document["components"]["schemas"];
    let described: BTreeMap<&str, &Value> = schemas["ErrorCode"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["const"].as_str().unwrap(), error))
        .collect();
    let errors: Vec<ApiError> = ApiError::iter().collect();
    let codes: BTreeSet<&str> = errors.iter().map(ApiError::code).collect();
    assert_eq!(described.keys().copied().collect::<BTreeSet<_>>(), codes);
    for error in &errors {
        let (code, entry) = (error.code(), described[error.code()]);
        assert_eq!(entry["x-status"], error.status().as_u16(), "{code}");
        assert_eq!(entry["x-retry-after"] == true, error.retry_after_s().is_some(), "{code}");
        assert!(entry["description"].as_str().unwrap().ends_with('.'), "{code}");
        // The details of these errors depend on the request.
        let depends = matches!(
            error,
            ApiError::SubmissionMalformed(_) | ApiError::FilterInvalid { .. } | ApiError::RequestInvalid { .. }
        );
        if !depends {
            assert_eq!(entry["description"], error.detail().as_ref(), "{code}");
        }
    }
    let scopes: Vec<&str> =
        schemas["Scope"]["oneOf"].as_array().unwrap().iter().map(|scope| scope["const"].as_str().unwrap()).collect();
    assert_eq!(scopes, Scope::ALL.map(Scope::name));
    let reasons: Vec<&str> =
        schemas["Reason"]["oneOf"].as_array().unwrap().iter().map(|reason| reason["const"].as_str().unwrap()).collect();
    assert_eq!(reasons, Reason::ALL.map(Reason::code));
}

#[test]
fn the_description_has_no_broken_reference_and_no_unused_definition() {
    let description = Description::read();
    let text = description.document.to_string();
    let referred: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    for path in &referred {
        assert!(description.document.pointer(path).is_some(), "{path}");
    }
    for (kind, components) in description.document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            let path = format!("/components/{kind}/{name}");
            assert!(referred.contains(path.as_str()), "{path} is not used");
        }
    }
    assert_eq!(description.document["info"]["version"], env!("CARGO_PKG_VERSION"));
}
