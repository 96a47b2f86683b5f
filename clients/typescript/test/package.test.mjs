// What is published.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

test("the package has its licence, and nothing that was built before", () => {
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }));
  const names = files.map((file) => file.path);
  for (const name of ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]) assert.ok(names.includes(name), `${name} of ${names}`);
  const { publishConfig, scripts } = JSON.parse(read("package.json"));
  assert.equal(publishConfig.access, "public", "a name with a scope is private otherwise");
  assert.match(scripts.build, /clean/);
  const stale = new URL("stale/dist/", import.meta.url);
  mkdirSync(stale, { recursive: true });
  writeFileSync(new URL("old.js", stale), "");
  const command = /"clean": "(.*)"/.exec(read("package.json"))[1].replaceAll('\\"', '"');
  execFileSync(command, { cwd: new URL("stale/", import.meta.url), shell: true });
  assert.ok(!existsSync(stale), "a build begins with nothing");
  rmSync(new URL("stale/", import.meta.url), { recursive: true });
});

test("links of the README lead somewhere from wherever it is read", () => {
  assert.deepEqual(
    [...read("README.md").matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target).filter((target) => !/^(https:|#)/.test(target)),
    [],
  );
});
