// From a JSON Schema to a form: which fields there are, and what they take. What a form cannot show is a field for JSON.

/** Levels of fields inside each other. What lies deeper is JSON. */
const DEEPEST = 6;
/** Schemas that are looked at for one form. Where they are more, fewer levels are shown: schemas that name themselves more than once have very many. */
const MOST = 500;
/** What variants without a name are called, by what they are. */
const KINDS = { string: "text", number: "number", integer: "whole number", boolean: "yes or no", array: "list" };
const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];

/** The field for a schema: `kind` and what belongs to it, `title`, `description`, `initial` value. */
export function fieldOf(schema) {
  for (let deepest = DEEPEST; deepest > 0; deepest -= 1) {
    const root = { schema, deepest, left: MOST };
    const field = within(schema, root, 0);
    if (root.left >= 0) return field;
  }
  return { kind: "json" };
}

function within(schema, root, depth) {
  const resolved = depth > root.deepest ? undefined : resolve(schema, root);
  if (resolved === undefined) return { kind: "json" };
  const field = shaped(resolved, root, depth);
  const { title, description } = resolved;
  if (typeof title === "string") field.title = title;
  if (typeof description === "string") field.description = description;
  if ("default" in resolved) field.initial = resolved.default;
  const example = Array.isArray(resolved.examples) ? resolved.examples[0] : undefined;
  if (example !== undefined) field.example = example;
  return field;
}

/** Follows references within the document, and puts what must hold together into one schema. `undefined` where that is beyond a form. */
function resolve(schema, root, followed = []) {
  root.left -= 1;
  if (root.left < 0) return undefined;
  if (schema === true) return {};
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return undefined;
  let { $ref, allOf, ...rest } = schema;
  if ($ref !== undefined) {
    if (typeof $ref !== "string" || !$ref.startsWith("#") || followed.includes($ref)) return undefined;
    const target = resolve(pointed(root.schema, $ref), root, [...followed, $ref]);
    if (target === undefined) return undefined;
    rest = merged(target, rest);
  }
  for (const part of Array.isArray(allOf) ? allOf : []) {
    const also = resolve(part, root, followed);
    if (rest === undefined || also === undefined) return undefined;
    rest = merged(rest, also);
  }
  return rest;
}

/** What a reference leads to; `undefined` for one with a name instead of a path (`$anchor`), and for what is none. */
function pointed(root, reference) {
  let pointer;
  try {
    pointer = decodeURIComponent(reference.slice(1));
  } catch {
    return undefined;
  }
  if (pointer !== "" && !pointer.startsWith("/")) return undefined;
  let at = root;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** Both of two schemas; `undefined` where they say different things of one matter that a form shows. */
function merged(one, other) {
  const both = { ...one };
  for (const [keyword, value] of Object.entries(other)) {
    if (!Object.hasOwn(both, keyword)) both[keyword] = value;
    else if (keyword === "properties") {
      // Properties may be called like members of every object.
      const properties = new Map(Object.entries(both.properties));
      for (const [name, schema] of Object.entries(value)) {
        properties.set(name, properties.has(name) ? { allOf: [properties.get(name), schema] } : schema);
      }
      both.properties = Object.fromEntries(properties);
    } else if (keyword === "required") both.required = [...new Set([...both.required, ...value])];
    else if (keyword === "title" || keyword === "description" || keyword === "default" || keyword === "examples") both[keyword] = value;
    else if (JSON.stringify(both[keyword]) !== JSON.stringify(value)) return undefined;
  }
  return both;
}

function shaped(schema, root, depth) {
  if ("const" in schema) return { kind: "const", value: schema.const };
  if (Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.length <= 200) return { kind: "enum", values: schema.enum };
  const some = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(some) && some.length > 0 && some.length <= 50) return choice(schema, some, root, depth);
  let types = (Array.isArray(schema.type) ? schema.type : schema.type === undefined ? guessed(schema) : [schema.type]).filter((type) =>
    TYPES.includes(type),
  );
  const nullable = types.length > 1 && types.includes("null");
  if (nullable) types = types.filter((type) => type !== "null");
  if (types.length > 1)
    return choice(
      schema,
      types.map((type) => ({ ...schema, type })),
      root,
      depth,
      (_, index) => types[index],
    );
  const field = typed(types[0], schema, root, depth);
  if (nullable) field.nullable = true;
  return field;
}

/** The type that the keywords are about, where none is named. */
function guessed(schema) {
  if ("properties" in schema || "required" in schema) return ["object"];
  if ("items" in schema || "minItems" in schema) return ["array"];
  if ("minLength" in schema || "maxLength" in schema || "pattern" in schema || "format" in schema) return ["string"];
  if ("minimum" in schema || "maximum" in schema || "multipleOf" in schema) return ["number"];
  return [];
}

function choice(schema, some, root, depth, nameOf = () => undefined) {
  const { oneOf, anyOf, title, description, default: initial, examples, ...rest } = schema;
  const constants = some.map((option) => (typeof option === "object" && option !== null && "const" in option ? option : undefined));
  // Constants with titles are the usual way to name the values of an enumeration.
  if (constants.every((option) => option !== undefined)) {
    return { kind: "enum", values: constants.map((option) => option.const), titles: constants.map((option) => option.title) };
  }
  // One thing or `null` is that thing, and may be left empty.
  const [only, ...more] = some.filter((option) => option?.type !== "null");
  if (only !== undefined && more.length === 0 && some.length === 2) {
    const field = within({ allOf: [rest, only] }, root, depth);
    if (["string", "number", "integer"].includes(field.kind)) return { ...field, nullable: true };
  }
  const options = some.map((option, index) => {
    const whole = oneOf || anyOf ? { allOf: [rest, option] } : option;
    const field = within(whole, root, depth + 1);
    const name = nameOf(option, index) ?? field.title ?? told(field);
    return { name: name ?? KINDS[field.kind], isNamed: name !== undefined, field };
  });
  const isOnly = (name) => options.filter((option) => option.name === name).length === 1;
  const titled = options.map(({ name, isNamed, field }, index) => ({
    title: name !== undefined && (isNamed || isOnly(name)) ? name : `Variant ${index + 1}`,
    field,
  }));
  return { kind: "choice", options: titled };
}

/** What tells an object of several apart: a property with one value. */
function told(field) {
  const tag = field.kind === "object" ? field.properties.find((property) => property.field.kind === "const") : undefined;
  return tag && `${tag.name}: ${tag.field.value}`;
}

function typed(type, schema, root, depth) {
  switch (type) {
    case "object": {
      const properties = Object.entries(schema.properties ?? {});
      const required = new Set(Array.isArray(schema.required) ? schema.required : []);
      for (const name of required) if (!Object.hasOwn(schema.properties ?? {}, name)) properties.push([name, true]);
      const open = schema.additionalProperties !== false;
      if (properties.length === 0 && open) return { kind: "json", type };
      return {
        kind: "object",
        properties: properties.map(([name, property]) => ({
          name,
          required: required.has(name),
          field: within(property, root, depth + 1),
        })),
      };
    }
    case "array":
      if ("prefixItems" in schema) return { kind: "json", type };
      return { kind: "array", item: within(schema.items ?? true, root, depth + 1), ...limits(schema, ["minItems", "maxItems"]) };
    case "string":
      return {
        kind: "string",
        ...limits(schema, ["minLength", "maxLength"]),
        ...(typeof schema.format === "string" && { format: schema.format }),
        ...(typeof schema.pattern === "string" && { pattern: schema.pattern }),
      };
    case "number":
    case "integer":
      return { kind: type, ...limits(schema, ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) };
    case "boolean":
      return { kind: "boolean" };
    case "null":
      return { kind: "const", value: null };
    default:
      return { kind: "json" };
  }
}

function limits(schema, names) {
  return Object.fromEntries(names.filter((name) => typeof schema[name] === "number").map((name) => [name, schema[name]]));
}
