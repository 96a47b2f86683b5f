// From JSON Schemas to fields, and from what is typed to values.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldOf } from "../page/form/schema.js";
import { below, fault, hasInexact, hint, inputType, lost, parse, textOf } from "../page/form/value.js";

test("an object has a field for each property, in order, and knows which must be given", () => {
  const field = fieldOf({
    type: "object",
    required: ["decision", "undescribed"],
    properties: {
      decision: { enum: ["approve", "reject"], title: "Decision" },
      amount: { type: "integer", minimum: 1, maximum: 9, default: 3, description: "How many" },
      rate: { type: "number", exclusiveMinimum: 0 },
      when: { type: "string", format: "date-time", examples: ["2026-01-02T03:04:05Z"] },
      sure: { type: "boolean" },
      nested: { type: "object", properties: { a: { type: "string", minLength: 1 } }, additionalProperties: false },
      list: { type: "array", minItems: 1, items: { type: "string" } },
      anything: true,
    },
  });
  assert.equal(field.kind, "object");
  assert.deepEqual(
    field.properties.map(({ name, required, field: { kind } }) => [name, required, kind]),
    [
      ["decision", true, "enum"],
      ["amount", false, "integer"],
      ["rate", false, "number"],
      ["when", false, "string"],
      ["sure", false, "boolean"],
      ["nested", false, "object"],
      ["list", false, "array"],
      ["anything", false, "json"],
      ["undescribed", true, "json"],
    ],
  );
  const [decision, amount, , when] = field.properties.map((property) => property.field);
  assert.deepEqual([decision.title, decision.values], ["Decision", ["approve", "reject"]]);
  assert.deepEqual([amount.minimum, amount.maximum, amount.initial, amount.description], [1, 9, 3, "How many"]);
  assert.deepEqual([when.format, when.example], ["date-time", "2026-01-02T03:04:05Z"]);
});

test("references within the document are followed, and those without end are JSON", () => {
  const root = {
    $defs: {
      person: { type: "object", properties: { name: { type: "string" }, boss: { $ref: "#/$defs/person" } } },
      "a/b": { type: "integer" },
      loop: { $ref: "#/$defs/loop" },
    },
    type: "object",
    properties: {
      owner: { $ref: "#/$defs/person", description: "Who" },
      count: { $ref: "#/$defs/a~1b" },
      loop: { $ref: "#/$defs/loop" },
      far: { $ref: "https://elsewhere.example/x" },
      // By its name, and not the root of the document; and no reference at all.
      named: { $ref: "#money" },
      broken: { $ref: "#/a%zz" },
      nowhere: { $ref: "#/$defs/nobody" },
    },
  };
  const [owner, count, loop, far, ...odd] = fieldOf(root).properties.map((property) => property.field);
  assert.deepEqual([owner.kind, owner.description, count.kind, loop.kind, far.kind], ["object", "Who", "integer", "json", "json"]);
  assert.deepEqual(
    odd.map((field) => field.kind),
    ["json", "json", "json"],
  );
  let depth = 0;
  for (let field = owner; field.kind === "object"; field = field.properties[1].field) depth += 1;
  assert.ok(depth > 1 && depth < 10, "a recursive schema ends in JSON");
});

test("what must hold together is one field, and what cannot be shown is JSON", () => {
  const both = fieldOf({
    allOf: [
      { type: "object", required: ["a"], properties: { a: { type: "string" } } },
      { required: ["b"], properties: { b: { type: "integer" } } },
    ],
  });
  assert.deepEqual(
    both.properties.map(({ name, required, field }) => [name, required, field.kind]),
    [
      ["a", true, "string"],
      ["b", true, "integer"],
    ],
  );
  assert.equal(fieldOf({ allOf: [{ type: "string" }, { type: "integer" }] }).kind, "json");
  for (const odd of [
    true,
    {},
    false,
    null,
    7,
    [],
    { not: {} },
    { type: "object" },
    { type: "array", prefixItems: [{}] },
    { type: "nonsense" },
  ]) {
    assert.equal(fieldOf(odd).kind, "json", JSON.stringify(odd));
  }
});

test("one of several is a choice; constants with titles are an enumeration", () => {
  const named = fieldOf({
    oneOf: [
      { const: "a", title: "First" },
      { const: "b", title: "Second" },
    ],
  });
  assert.deepEqual([named.kind, named.values, named.titles], ["enum", ["a", "b"], ["First", "Second"]]);
  const tagged = fieldOf({
    oneOf: [
      { type: "object", properties: { kind: { const: "card" }, number: { type: "string" } } },
      { title: "By bank", type: "object", properties: { iban: { type: "string" } } },
      { type: "string" },
    ],
  });
  assert.deepEqual([tagged.kind, tagged.options.map((option) => option.title)], ["choice", ["kind: card", "By bank", "text"]]);
  const unnamed = fieldOf({ oneOf: [{ required: ["a"] }, { required: ["b"] }, { type: "integer" }, { type: "array", items: {} }] });
  assert.deepEqual(
    unnamed.options.map((option) => option.title),
    ["Variant 1", "Variant 2", "whole number", "list"],
  );
  const types = fieldOf({ type: ["string", "integer"], minimum: 2 });
  assert.deepEqual(
    types.options.map((option) => [option.title, option.field.kind]),
    [
      ["string", "string"],
      ["integer", "integer"],
    ],
  );
  assert.deepEqual([fieldOf({ type: ["string", "null"] }).kind, fieldOf({ type: ["string", "null"] }).nullable], ["string", true]);
  for (const some of ["anyOf", "oneOf"]) {
    const folded = fieldOf({ title: "Note", [some]: [{ type: "null" }, { type: "string", maxLength: 9 }] });
    assert.deepEqual([folded.kind, folded.nullable, folded.maxLength, folded.title], ["string", true, 9, "Note"]);
  }
  const object = fieldOf({ anyOf: [{ type: "object", properties: { a: {} } }, { type: "null" }] });
  assert.equal(object.kind, "choice", "an object that is left empty is not null");
});

test("names of Object are names like others", () => {
  const field = fieldOf(
    JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"required":["toString"]}'),
  );
  assert.deepEqual(field.properties.map((property) => property.name).sort(), ["__proto__", "constructor", "toString"]);
  const both = fieldOf(
    JSON.parse(
      '{"allOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"properties":{"constructor":{"type":"string"},"__proto__":{"type":"integer"}}}]}',
    ),
  );
  assert.deepEqual(
    both.properties.map((property) => [property.name, property.field.kind]),
    [
      ["a", "string"],
      ["constructor", "string"],
      ["__proto__", "integer"],
    ],
  );
});

test("what is typed becomes a value, or says why not", () => {
  const integer = fieldOf({ type: "integer", minimum: 4, maximum: 40 });
  assert.deepEqual(parse(integer, "12"), { value: 12 });
  assert.deepEqual(parse(integer, " 1e1 "), { value: 10 });
  assert.deepEqual(parse(integer, ""), {});
  for (const [text, error] of [
    ["3", "must be at least 4"],
    ["41", "must be at most 40"],
    ["4.5", "must be a whole number"],
    ["x", "must be a number"],
    ["Infinity", "must be a number"],
  ]) {
    assert.deepEqual(parse(integer, text), { error }, text);
  }
  assert.match(parse({ kind: "integer" }, "9007199254740993").error, /too large/);
  assert.equal(fault({ kind: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0), "must be more than 0");
  assert.equal(fault({ kind: "number", exclusiveMaximum: 1 }, 1), "must be less than 1");
  const text = fieldOf({ type: "string", minLength: 2, maxLength: 3 });
  assert.deepEqual(parse(text, "😀😀"), { value: "😀😀" }, "characters count, not units");
  assert.deepEqual(parse(text, "abcd"), { error: "must have at most 3 characters" });
  assert.deepEqual(parse(text, "a"), { error: "must have at least 2 characters" });
  assert.deepEqual(parse({ kind: "string", nullable: true }, ""), { value: null });
  assert.deepEqual(parse({ kind: "json" }, '{"a":[1]}'), { value: { a: [1] } });
  assert.deepEqual(parse({ kind: "json" }, " "), {});
  assert.match(parse({ kind: "json" }, "{a").error, /^is not JSON/);
  const instant = parse({ kind: "string", format: "date-time" }, "2026-01-02T03:04").value;
  assert.equal(new Date(instant).getTime(), new Date("2026-01-02T03:04").getTime());
  assert.equal(instant.at(-1), "Z");
  assert.ok(parse({ kind: "string", format: "date-time" }, "soon").error);
});

test("values are written back as they were typed", () => {
  assert.equal(textOf({ kind: "integer" }, 7), "7");
  assert.equal(textOf({ kind: "string" }, "x"), "x");
  assert.equal(textOf({ kind: "string" }, undefined), "");
  assert.equal(textOf({ kind: "json" }, null), "null");
  const dated = { kind: "string", format: "date-time" };
  assert.equal(parse(dated, textOf(dated, "2026-01-02T03:04:05.000Z")).value, "2026-01-02T03:04:05.000Z");
});

test("hints say the limits, and inputs fit the formats", () => {
  assert.equal(hint({ kind: "integer", minimum: 1, maximum: 9 }), "1 to 9");
  assert.equal(hint({ kind: "string", maxLength: 500 }), "up to 500 characters");
  assert.equal(hint({ kind: "string", minLength: 1 }), "");
  assert.equal(hint({ kind: "string", format: "uuid" }), "uuid");
  assert.deepEqual(
    ["email", "uri", "date", "date-time", "uuid"].map((format) => inputType({ format })),
    ["email", "url", "date", "datetime-local", "text"],
  );
});

/** Fields of a form, at all levels. */
const count = (field) =>
  1 +
  [...(field.properties ?? []), ...(field.options ?? []), ...(field.item ? [{ field: field.item }] : [])].reduce(
    (sum, inner) => sum + count(inner.field),
    0,
  );

test("schemas that name themselves many times have as many levels as a page can carry", () => {
  const node = { type: "object", properties: {} };
  for (let index = 0; index < 12; index += 1) node.properties[`child${index}`] = { $ref: "#/$defs/node" };
  const wide = fieldOf({ $defs: { node }, $ref: "#/$defs/node" });
  assert.ok(wide.kind === "object" && wide.properties.length === 12);
  assert.ok(
    wide.properties.every(({ field }) => field.kind === "object"),
    "each is as deep as its neighbours",
  );
  assert.ok(count(wide) > 100 && count(wide) < 2_500, `${count(wide)} fields`);
  // Twice as many at each step, without a field for any of them.
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [`d${at}`, { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] }]),
  );
  assert.equal(fieldOf({ $defs, $ref: "#/$defs/d0" }).kind, "json");
  const broad = { type: "object", properties: Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`p${at}`, { type: "string" }])) };
  assert.equal(fieldOf(broad).properties.length, 400);
});

test("numbers that scripts would change are told, wherever they are in a text", () => {
  const json = (text) => parse({ kind: "json" }, text);
  for (const text of ["9007199254740993", "-9007199254740993", '[1, {"a": 12345678901234567890}]', "1e400", "[1E+30]"]) {
    assert.match(json(text).error, /^holds .*too large to be exact/, text);
  }
  for (const text of ["0.12345678901234567890", "[1e-400]", '{"a": 123456789012.123456789}', "-0.1000000000000000055"]) {
    assert.match(json(text).error, /^holds .*has more digits than would be kept/, text);
  }
  for (const kind of ["number", "integer"]) {
    for (const text of ["0.12345678901234567890", "1e-400"]) assert.match(parse({ kind }, text).error, /more digits/, text);
    for (const text of ["0x10", "1_0", "1e", ".", "--1", "1 2"]) assert.deepEqual(parse({ kind }, text), { error: "must be a number" }, text);
  }
  for (const [text, value] of Object.entries({ "1.50": 1.5, "00.1": 0.1, "+2.": 2, ".5": 0.5, "1e-7": 1e-7, "123e-2": 1.23, "0.000": 0, "5e-324": 5e-324 })) {
    assert.deepEqual(parse({ kind: "number" }, text), { value }, text);
  }
  for (const text of ["9007199254740991", "0.1", "1.5e3", '"9007199254740993"', '{"9007199254740993": "\\"9007199254740993"}', "[]"]) {
    assert.deepEqual(json(text), { value: JSON.parse(text) }, text);
  }
  assert.ok(hasInexact([0.12345678901234568]) && !hasInexact([0.1, 1e-7, 123.456, -1e5]));
  assert.ok(hasInexact({ a: [2 ** 60] }) && !hasInexact({ a: ["9007199254740993", null, 1.5, 7] }));
});

test("what a form has lost is named", () => {
  assert.deepEqual(lost({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1, more: true }), []);
  assert.deepEqual(lost({ a: 1, "b/c": 2, d: [1, 2], e: {} }, { a: "1", d: [1], e: [] }), ["/a", "/b~1c", "/d/1", "/e"]);
  assert.deepEqual(lost(null, undefined), [""]);
  assert.deepEqual(lost(JSON.parse('{"__proto__": 1}'), {}), ["/__proto__"]);
});

test("pointers are escaped", () => {
  assert.equal(below(below("", "a/b"), "c~d"), "/a~1b/c~0d");
  assert.equal(below("/list", 0), "/list/0");
});
