//! The graph that cargo resolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};

/// The packages of the workspace and everything below them, for this machine.
pub(crate) struct Packages {
    metadata: Metadata,
    /// Package → what it uses. Only edges that features really switch on.
    edges: HashMap<PackageId, Vec<(PackageId, Edge)>>,
    /// What the workspace builds, tests included.
    built: BTreeSet<PackageId>,
}

/// What an edge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Part of what is built; build scripts too.
    Normal,
    /// For tests, examples and benches only.
    Dev,
}

impl Packages {
    pub(crate) fn read(root: &Path) -> Self {
        // Without the platform, packages of other systems would have to be downloaded to be listed.
        let options = ["--offline", "--locked", "--filter-platform", &host()].map(str::to_owned);
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(options.to_vec())
            .exec()
            .expect("cargo metadata reads the workspace");
        let nodes = &metadata.resolve.as_ref().expect("cargo resolved the graph").nodes;
        let edges: HashMap<_, _> =
            nodes.iter().map(|node| (node.id.clone(), edges_of(&metadata, node))).collect();
        let mut built = BTreeSet::new();
        let mut next: Vec<&PackageId> = metadata.workspace_members.iter().collect();
        while let Some(id) = next.pop() {
            if built.insert(id.clone()) {
                next.extend(edges[id].iter().map(|(to, _)| to));
            }
        }
        Self { metadata, edges, built }
    }

    /// The names of the members.
    pub(crate) fn members(&self) -> BTreeSet<&str> {
        self.metadata.workspace_members.iter().map(|id| self.name(id)).collect()
    }

    /// The members whose folder is below this one of the workspace.
    pub(crate) fn members_below(&self, folder: &str) -> BTreeSet<&str> {
        let folder = self.metadata.workspace_root.join(folder);
        let members = self.metadata.workspace_packages().into_iter();
        members
            .filter(|package| package.manifest_path.starts_with(&folder))
            .map(|package| package.name.as_str())
            .collect()
    }

    /// The members that a member uses by itself.
    pub(crate) fn ours_used_by(&self, name: &str, kind: Edge) -> BTreeSet<&str> {
        let edges = &self.edges[&self.member(name).id];
        let ours =
            edges.iter().filter(|(to, edge)| *edge == kind && self.metadata.workspace_members.contains(to));
        ours.map(|(to, _)| self.name(to)).collect()
    }

    /// Everything that a member is built from, each with the package through which it was first reached.
    pub(crate) fn reached_by(&self, name: &str) -> BTreeMap<&str, &str> {
        let mut reached = BTreeMap::new();
        let mut next = vec![&self.member(name).id];
        while let Some(id) = next.pop() {
            for (to, _) in self.edges[id].iter().filter(|(_, edge)| *edge == Edge::Normal) {
                if !reached.contains_key(self.name(to)) {
                    reached.insert(self.name(to), self.name(id));
                    next.push(to);
                }
            }
        }
        reached
    }

    /// The packages that use this one by themselves, tests aside.
    pub(crate) fn parents_of<'a>(&'a self, name: &str) -> BTreeSet<&'a str> {
        let uses = |id: &PackageId| {
            self.edges[id].iter().any(|(to, edge)| *edge == Edge::Normal && self.name(to) == name)
        };
        self.built.iter().filter(|id| uses(id)).map(|id| self.name(id)).collect()
    }

    /// How many versions of a package are built.
    pub(crate) fn versions(&self, name: &str) -> usize {
        self.built.iter().filter(|id| self.name(id) == name).count()
    }

    /// The features with which a package is built.
    pub(crate) fn features(&self, name: &str) -> Vec<String> {
        let nodes = self.metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let nodes = nodes.filter(|node| self.name(&node.id) == name);
        nodes.flat_map(|node| &node.features).map(ToString::to_string).collect()
    }

    /// The names under which members declare dependencies.
    pub(crate) fn declared_by_members(&self) -> BTreeSet<String> {
        let dependencies =
            self.metadata.workspace_packages().into_iter().flat_map(|package| &package.dependencies);
        dependencies
            .map(|dependency| dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()))
            .collect()
    }

    /// Packages that are neither ours nor from one registry.
    pub(crate) fn foreign_sources(&self) -> Vec<String> {
        let sources = |package: &Package| package.source.as_ref().map(|source| source.repr.clone());
        let registries: BTreeSet<_> = self.metadata.packages.iter().filter_map(sources).collect();
        let foreign = registries.iter().filter(|source| !source.starts_with("registry+")).cloned();
        let second = registries.iter().filter(|source| source.starts_with("registry+")).skip(1).cloned();
        foreign.chain(second).collect()
    }

    fn member(&self, name: &str) -> &Package {
        let mut members = self.metadata.workspace_packages().into_iter();
        members.find(|package| package.name.as_str() == name).unwrap_or_else(|| panic!("no member {name}"))
    }

    fn name(&self, id: &PackageId) -> &str {
        self.metadata[id].name.as_str()
    }
}

/// The edges of a node. The resolution in cargo's metadata also lists optional dependencies that only a weak
/// feature (`name?/feature`) mentions and that are never built; these are left out.
fn edges_of(metadata: &Metadata, node: &Node) -> Vec<(PackageId, Edge)> {
    let package = &metadata[&node.id];
    let mut edges = Vec::new();
    for dependency in &node.deps {
        let name = metadata[&dependency.pkg].name.as_str();
        let mut declared = package.dependencies.iter().filter(|d| d.name == name);
        if !declared
            .any(|d| !d.optional || is_switched_on(package, node, d.rename.as_deref().unwrap_or(&d.name)))
        {
            continue;
        }
        for kind in &dependency.dep_kinds {
            let edge = if kind.kind == DependencyKind::Development { Edge::Dev } else { Edge::Normal };
            edges.push((dependency.pkg.clone(), edge));
        }
    }
    edges
}

fn is_switched_on(package: &Package, node: &Node, optional: &str) -> bool {
    let names = |value: &str| {
        value.strip_prefix("dep:") == Some(optional)
            || value.split_once('/').is_some_and(|(name, _)| name == optional)
    };
    node.features.iter().any(|feature| {
        **feature == *optional
            || package.features.get(feature.as_str()).is_some_and(|values| values.iter().any(|v| names(v)))
    })
}

/// The target triple of this machine's compiler.
fn host() -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(compiler).arg("-vV").output().expect("the compiler that built this test is there");
    let text = String::from_utf8(output.stdout).expect("the compiler speaks UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("the compiler names its host").to_owned()
}
