//! `docs/openapi.json`, compared with the server's routes and responses.

mod answers;
mod operators;
mod sites;
mod without_postgres;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::helpers::{ADMIN_KEY, Answer, TestServer};

/// The document, and which of its responses were seen.
struct Description {
    document: Value,
    seen: BTreeSet<(String, String)>,
}

impl Description {
    fn read() -> Self {
        let document = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
        Self { document, seen: BTreeSet::new() }
    }

    /// The operations by method and path, as the document spells them.
    fn operations(&self) -> BTreeMap<String, &Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let of = |(path, item): (&String, &'_ Value)| {
            let methods = item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase()));
            methods.collect::<Vec<_>>()
        };
        let names = paths.iter().flat_map(of);
        names.map(|name| (name.clone(), self.operation(&name))).collect()
    }

    fn operation(&self, name: &str) -> &Value {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{name} is not described");
        operation
    }

    /// The target of a reference, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |path| self.document.pointer(path.trim_start_matches('#')).unwrap())
    }

    /// The schema, with its references resolved.
    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::options().should_validate_formats(true).build(&whole).unwrap()
    }

    #[track_caller]
    fn assert_fits(&self, schema: &Value, value: &Value, what: &str) {
        let found: Vec<String> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(found.is_empty(), "{what}: {found:#?}\n{value:#}");
    }

    /// Asserts that the response is described for the operation, and records that it was seen.
    #[track_caller]
    fn take(&mut self, name: &str, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        let responses = self.operation(name)["responses"].as_object().unwrap().clone();
        let (key, response) = responses.get_key_value(&status).unwrap_or_else(|| {
            assert!(status.as_str() >= "400", "{name} returns {status}, which is not described: {}", answer.text);
            responses.get_key_value("default").unwrap()
        });
        let response = self.resolved(response);
        let media = answer.header("content-type").split(';').next().unwrap();
        match response["content"].as_object() {
            None => assert_eq!(answer.text, "", "{name}, {status}"),
            Some(content) => {
                let described = content.get(media).or(content.get("*/*"));
                let described = described.unwrap_or_else(|| panic!("{name}, {status}: {media} is not described"));
                if media.ends_with("json") {
                    self.assert_fits(&described["schema"], &answer.json(), &format!("{name}, {status}"));
                }
            }
        }
        self.seen.insert((name.to_owned(), key.clone()));
    }

    /// Posts JSON and checks the response. What the server takes, the description must allow.
    async fn post(
        &mut self,
        server: &TestServer,
        name: &str,
        path: &str,
        cookie: Option<&str>,
        body: &Value,
    ) -> Answer {
        let answer = server.post(path, cookie, body).await;
        self.take_answer_to(name, body, &answer);
        answer
    }

    /// As `post`, with the admin key instead of a cookie.
    async fn post_as_operator(&mut self, server: &TestServer, name: &str, path: &str, body: &Value) -> Answer {
        let answer = crate::operators::post(server, path, ADMIN_KEY, body).await;
        self.take_answer_to(name, body, &answer);
        answer
    }

    #[track_caller]
    fn take_answer_to(&mut self, name: &str, body: &Value, answer: &Answer) {
        if answer.status.is_success() {
            self.assert_body_fits(name, body);
        }
        self.take(name, answer);
    }

    #[track_caller]
    fn assert_body_fits(&self, name: &str, body: &Value) {
        let schema = &self.operation(name)["requestBody"]["content"]["application/json"]["schema"];
        self.assert_fits(schema, body, &format!("the body of {name}"));
    }
}
