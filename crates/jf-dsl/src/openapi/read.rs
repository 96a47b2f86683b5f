//! From the tree to the operations.

use std::sync::Arc;

use super::{Location, OpenApi, Operation, Parameter, RequestBody, Server};
use crate::model::task::HttpMethod;
use crate::source::Span;
use crate::tree::{Node, NodeValue};

/// References from one reference to the next, before it is taken as leading nowhere.
const LONGEST_CHAIN: usize = 16;
/// Operations of one document. References can multiply what a text holds, so its size alone is no bound.
const MOST_OPERATIONS: usize = 50_000;
/// Parameters of one operation that are looked at; with more of them none is unknown.
const MOST_PARAMETERS: usize = 1_000;
/// Parameters of one document that are looked at.
const MOST_PARAMETERS_IN_ALL: usize = 1_000_000;

/// Why a tree is no OpenAPI document, and where.
type Fault = (String, Span);

pub(super) fn document(root: &Node) -> Result<OpenApi, Fault> {
    check_version(root)?;
    let mut api = OpenApi::default();
    let Some(paths) = root.member("paths") else { return Ok(api) };
    if !matches!(paths.value.value, NodeValue::Object(_)) {
        return Err(("`paths` is not an object".to_owned(), paths.key_span));
    }
    let mut reader = Reader { root, operations: 0, parameters: 0 };
    for path in paths.value.members().iter().filter(|path| path.key.starts_with('/')) {
        reader.path_item(&mut api, &path.key, &path.value);
        if reader.operations > MOST_OPERATIONS {
            return Err((format!("it has more than {MOST_OPERATIONS} operations"), path.key_span));
        }
    }
    Ok(api)
}

fn check_version(root: &Node) -> Result<(), Fault> {
    let Some(version) = root.member("openapi") else {
        let message = match root.member("swagger") {
            Some(_) => "it is a Swagger 2.0 document; OpenAPI 3.0 and 3.1 are read",
            None => "it has no member `openapi`",
        };
        return Err((message.to_owned(), root.span));
    };
    let known = version.value.as_str().is_some_and(|text| {
        ["3.0", "3.1"].iter().any(|known| text.strip_prefix(known).is_some_and(|rest| rest.starts_with('.')))
    });
    if known {
        return Ok(());
    }
    Err(("its version is not OpenAPI 3.0 or 3.1, like `3.1.0`".to_owned(), version.value.span))
}

struct Reader<'t> {
    root: &'t Node,
    /// Read so far.
    operations: usize,
    parameters: usize,
}

impl<'t> Reader<'t> {
    fn path_item(&mut self, api: &mut OpenApi, path: &Arc<str>, node: &'t Node) {
        let Some(item) = self.resolve(node) else { return };
        for method in HttpMethod::ALL {
            let Some(node) = item.member(&method.as_str().to_ascii_lowercase()) else { continue };
            let operation = &node.value;
            let Some(id) = text(operation, "operationId") else { continue };
            self.operations += 1;
            let (parameters, open) = self.parameters(item, operation, path);
            let server = [operation, item, self.root].into_iter().find_map(first_server);
            let operation = Operation {
                method,
                path: Arc::clone(path),
                server: server.unwrap_or(Server::None),
                parameters,
                open,
                body: self.body(operation),
            };
            api.add(Arc::clone(id), operation);
        }
    }

    /// The parameters of an operation and its path item, where the operation's take precedence. Names in braces are
    /// parameters whether they are declared or not.
    fn parameters(&mut self, item: &'t Node, operation: &'t Node, path: &str) -> (Vec<Parameter>, bool) {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut open = false;
        for owner in [operation, item] {
            let Some(list) = owner.member("parameters") else { continue };
            open |= !matches!(list.value.value, NodeValue::Array(_) | NodeValue::Null);
            for node in list.value.items() {
                self.parameters += 1;
                if self.parameters > MOST_PARAMETERS_IN_ALL || parameters.len() == MOST_PARAMETERS {
                    open = true;
                    break;
                }
                match self.resolve(node).and_then(parameter) {
                    None => open = true,
                    Some(new) if parameters.iter().any(|known| same(known, &new)) => {}
                    Some(new) => parameters.push(new),
                }
            }
        }
        for name in braced(path).take(MOST_PARAMETERS) {
            let found = Parameter { name: name.into(), location: Location::Path, required: true };
            if !parameters.iter().any(|known| same(known, &found)) {
                parameters.push(found);
            }
        }
        (parameters, open)
    }

    fn body(&self, operation: &'t Node) -> RequestBody {
        let Some(member) = operation.member("requestBody").filter(|body| body.value.value != NodeValue::Null)
        else {
            return RequestBody::None;
        };
        let required = self.resolve(&member.value).and_then(|body| body.member("required"));
        match required.map(|required| &required.value.value) {
            Some(NodeValue::Bool(true)) => RequestBody::Required,
            _ => RequestBody::Optional,
        }
    }

    /// The node, or the one that its `$ref` leads to; `None` when that is not in this document.
    fn resolve(&self, mut node: &'t Node) -> Option<&'t Node> {
        for _ in 0..LONGEST_CHAIN {
            match text(node, "$ref") {
                None => return matches!(node.value, NodeValue::Object(_)).then_some(node),
                Some(reference) => node = self.pointer(reference)?,
            }
        }
        None
    }

    fn pointer(&self, reference: &str) -> Option<&'t Node> {
        let fragment = reference.strip_prefix("#/")?;
        let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
        decoded.split('/').try_fold(self.root, |node, token| {
            let name = token.replace("~1", "/").replace("~0", "~");
            match node.member(&name) {
                Some(member) => Some(&member.value),
                None => node.items().get(name.parse::<usize>().ok()?),
            }
        })
    }
}

fn parameter(node: &Node) -> Option<Parameter> {
    let location = match &**text(node, "in")? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        "cookie" => Location::Cookie,
        _ => return None,
    };
    let required = node.member("required").is_some_and(|member| member.value.value == NodeValue::Bool(true));
    // A path parameter is always required, whatever it says.
    let required = required || location == Location::Path;
    Some(Parameter { name: Arc::clone(text(node, "name")?), location, required })
}

/// Whether two parameters are one: header names ignore case.
fn same(a: &Parameter, b: &Parameter) -> bool {
    a.location == b.location
        && if a.location == Location::Header {
            a.name.eq_ignore_ascii_case(&b.name)
        } else {
            a.name == b.name
        }
}

fn first_server(owner: &Node) -> Option<Server> {
    let first = owner.member("servers")?.value.items().first()?;
    let url = text(first, "url")?;
    Some(if url.contains('{') { Server::Variables(Arc::clone(url)) } else { Server::Url(Arc::clone(url)) })
}

/// The names in braces of a path.
fn braced(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).filter(|name| !name.is_empty())
}

fn text<'t>(node: &'t Node, name: &str) -> Option<&'t Arc<str>> {
    node.member(name)?.value.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::{Found, Location, OpenApi, RequestBody, Server};
    use crate::capabilities::SizeLimits;
    use crate::source::SourceFile;
    use crate::tree::read_into;

    fn read(text: &str) -> Result<OpenApi, String> {
        let root = read_into(&SourceFile::new("api.yaml", text), &SizeLimits::default(), &mut Vec::new());
        super::document(&root.expect("the text is YAML")).map_err(|(message, _)| message)
    }

    const PETS: &str = "
openapi: 3.0.3
servers: [{ url: 'https://top.test/v1' }]
components:
  parameters:
    Trace: { name: X-Trace, in: header, required: true }
    Chain: { $ref: '#/components/parameters/Trace' }
    Loop: { $ref: '#/components/parameters/Loop' }
  requestBodies:
    Pet: { required: true }
paths:
  /pets/{id}/{part}:
    servers: [{ url: '/item' }]
    parameters:
      - { name: id, in: path }
      - { name: limit, in: query, required: true }
    get:
      operationId: getPet
      parameters:
        - { name: limit, in: query }
        - { $ref: '#/components/parameters/Chain' }
      responses: { 200: { description: ok } }
    put:
      operationId: putPet
      servers: [{ url: 'https://{region}.test' }]
      requestBody: { $ref: '#/components/requestBodies/Pet' }
      parameters: [{ $ref: '#/components/parameters/Loop' }]
    post: { operationId: twice }
  /other:
    delete: { operationId: twice }
    patch: { summary: without an id }
  x-note: 1
";

    #[test]
    fn tsk_033_parameters_of_the_operation_win_over_those_of_its_path() {
        let api = read(PETS).unwrap();
        let Found::One(get) = api.find("getPet") else { panic!("it is there") };
        let shown: Vec<_> = get.parameters.iter().map(|p| (&*p.name, p.location, p.required)).collect();
        let expected = [
            ("limit", Location::Query, false),
            ("X-Trace", Location::Header, true),
            ("id", Location::Path, true),
            ("part", Location::Path, true),
        ];
        assert_eq!(shown, expected);
        assert!(!get.open && get.body == RequestBody::None);
        let Found::One(put) = api.find("putPet") else { panic!("it is there") };
        assert!(put.open, "a reference that leads nowhere leaves it open");
        assert_eq!(put.body, RequestBody::Required);
    }

    #[test]
    fn tsk_031_operations_are_found_by_id() {
        let api = read(PETS).unwrap();
        assert!(matches!(api.find("twice"), Found::Several));
        assert!(matches!(api.find("getpet"), Found::None));
        assert_eq!(api.ids().collect::<Vec<_>>(), ["getPet", "twice", "putPet"]);
    }

    #[test]
    fn def_067_the_nearest_server_counts() {
        let api = read(PETS).unwrap();
        let server = |id: &str| match api.find(id) {
            Found::One(operation) => operation.server.clone(),
            _ => panic!("`{id}` is there"),
        };
        assert!(matches!(server("getPet"), Server::Url(url) if &*url == "/item"));
        assert!(matches!(server("putPet"), Server::Variables(_)));
    }

    #[test]
    fn def_066_only_openapi_3_loads() {
        for (text, part) in [
            ("swagger: '2.0'", "Swagger"),
            ("info: {}", "no member `openapi`"),
            ("openapi: 3.1", "version"),
            ("openapi: 4.0.0", "version"),
            ("openapi: 3.10.0", "version"),
            ("openapi: 3.1.0\npaths: []", "`paths`"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(read("openapi: 3.1.0").is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_not_held_against_anybody() {
        let api = read(
            "openapi: 3.0.0\nservers: 1\npaths:\n  /a/{x}/{}/{y:\n    parameters: 1\n    get: { operationId: a, parameters: \
             [1, { in: header }, { $ref: other.yaml#/p }], requestBody: { $ref: other.yaml#/b } }\n  /b: { $ref: other.yaml }\n",
        );
        let api = api.unwrap();
        let Found::One(a) = api.find("a") else { panic!("it is there") };
        assert!(a.open && a.body == RequestBody::Optional && matches!(a.server, Server::None));
        assert_eq!(a.parameters.iter().map(|p| &*p.name).collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn references_do_not_multiply_without_bound() {
        let many = |count: usize, text: &str| text.repeat(count);
        let list = many(1_500, "{ name: p, in: query }, ");
        let paths: String = (0..7_000).map(|at| format!("  /p{at}: {{ $ref: '#/x' }}\n")).collect();
        let methods = ["get", "put", "post", "delete", "head", "options", "patch", "trace"];
        let operations: String =
            methods.iter().map(|name| format!("{name}: {{ operationId: {name} }}, ")).collect();
        let text = format!("openapi: 3.1.0\nx: {{ {operations} parameters: [{list}] }}\npaths:\n{paths}");
        assert!(read(&text).unwrap_err().contains("operations"));
        let names: String = (0..1_500).map(|at| format!("{{ name: p{at}, in: query }}, ")).collect();
        let text =
            format!("openapi: 3.1.0\npaths:\n  /a: {{ get: {{ operationId: a, parameters: [{names}] }} }}");
        let api = read(&text).unwrap();
        let Found::One(a) = api.find("a") else { panic!("it is there") };
        assert!(a.open && a.parameters.len() == 1_000);
    }
}
