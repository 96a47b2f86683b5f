// From what was typed to a value, with what is wrong about it. The server judges again, and by the whole schema.

import { shortened } from "../graph/text.js";

/** What a text means in a field: `{ value }`, `{}` for nothing, or `{ error }`. */
export function parse(field, text) {
  if (text === "" && field.kind !== "json") return field.nullable ? { value: null } : {};
  switch (field.kind) {
    case "string": {
      const value = field.format === "date-time" ? instant(text) : text;
      return value === undefined ? { error: "is not a date with a time" } : judged(field, value);
    }
    case "integer":
    case "number": {
      const token = text.trim();
      if (!NUMBER.test(token)) return { error: "must be a number" };
      const inexact = inexactness(token);
      return inexact === undefined ? judged(field, Number(token)) : { error: `${inexact}${ELSEWHERE}` };
    }
    case "json":
      if (text.trim() === "") return {};
      try {
        const value = JSON.parse(text);
        const number = inexactIn(text);
        if (number === undefined) return { value };
        return { error: `holds ${shortened(number, 30)}, which ${inexactness(number)}${ELSEWHERE}` };
      } catch (error) {
        return { error: `is not JSON: ${error.message}` };
      }
    default:
      return { value: text };
  }
}

/** How people write numbers. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const ELSEWHERE = "; enter it as JSON on the command line";
/** Digits of a number of scripts that come back as they were, in any case. */
const DIGITS = 16;

/** Digits and exponent of a written number: the same for all ways to write it. */
function written(token) {
  const [, whole, fraction = "", exponent = "0"] = /^[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(token) ?? [undefined, token];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return { digits: "", exponent: 0 };
  return { digits: significant, exponent: Number(exponent) - fraction.length + digits.length - significant.length };
}

/** In which way a number would become another one in a script, in words; `undefined` if it would not. */
function inexactness(token) {
  const number = Number(token);
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return "is too large to be exact";
  const [mine, its] = [written(token), written(String(number))];
  return mine.digits === its.digits && mine.exponent === its.exponent ? undefined : "has more digits than would be kept";
}

/** The first number of a JSON text that scripts would change; texts within quotes are none. */
function inexactIn(text) {
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)) {
    if (token[0] !== '"' && inexactness(token) !== undefined) return token;
  }
  return undefined;
}

/** Whether a value that came from the server holds numbers that may have been others there. */
export function hasInexact(value) {
  if (typeof value === "number") return inexactness(String(value)) !== undefined || written(String(value)).digits.length > DIGITS;
  return typeof value === "object" && value !== null && Object.values(value).some(hasInexact);
}

/** Pointers to what is in a value, and is not, or is something else, in another one. */
export function lost(value, other, pointer = "") {
  const isList = Array.isArray(value);
  if (typeof value !== "object" || value === null) return value === other ? [] : [pointer];
  if (typeof other !== "object" || other === null || isList !== Array.isArray(other)) return [pointer];
  return Object.keys(value).flatMap((key) =>
    Object.hasOwn(other, key) ? lost(value[key], other[key], below(pointer, key)) : [below(pointer, key)],
  );
}

function judged(field, value) {
  const error = fault(field, value);
  return error === undefined ? { value } : { error };
}

/** What is wrong with a value that is of the right type, in words that follow the name of the field. */
export function fault(field, value) {
  if (field.kind === "integer" && !Number.isInteger(value)) return "must be a whole number";
  if (field.minimum !== undefined && value < field.minimum) return `must be at least ${field.minimum}`;
  if (field.maximum !== undefined && value > field.maximum) return `must be at most ${field.maximum}`;
  if (field.exclusiveMinimum !== undefined && value <= field.exclusiveMinimum) return `must be more than ${field.exclusiveMinimum}`;
  if (field.exclusiveMaximum !== undefined && value >= field.exclusiveMaximum) return `must be less than ${field.exclusiveMaximum}`;
  if (typeof value === "string") {
    const { length } = [...value];
    if (field.minLength !== undefined && length < field.minLength) return `must have at least ${field.minLength} characters`;
    if (field.maxLength !== undefined && length > field.maxLength) return `must have at most ${field.maxLength} characters`;
  }
  return undefined;
}

/** The text that stands for a value in a field. */
export function textOf(field, value) {
  if (value === undefined || (value === null && field.kind !== "json")) return "";
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "string" && field.format === "date-time") return local(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The kind of input that suits a string. */
export function inputType(field) {
  switch (field.format) {
    case "email":
      return "email";
    case "uri":
      return "url";
    case "date":
      return "date";
    case "date-time":
      return "datetime-local";
    default:
      return "text";
  }
}

/** What a browser takes for a local time, as an instant of RFC 3339. */
function instant(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

function local(value) {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return String(value);
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** Limits in words, for the hint below a field. */
export function hint(field) {
  const words = [];
  const { minimum, maximum, minLength, maxLength } = field;
  if (minimum !== undefined && maximum !== undefined) words.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`at least ${minimum}`);
  else if (maximum !== undefined) words.push(`at most ${maximum}`);
  if (maxLength !== undefined) words.push(`up to ${maxLength} characters`);
  else if (minLength !== undefined && minLength > 1) words.push(`at least ${minLength} characters`);
  if (field.pattern !== undefined) words.push(`like ${field.pattern}`);
  if (field.format !== undefined && inputType(field) === "text") words.push(field.format);
  return words.join(", ");
}

/** A JSON Pointer with one part more. */
export function below(pointer, part) {
  return `${pointer}/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
