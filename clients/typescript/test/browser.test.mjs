// The built package in a page of a real browser, over its own WebSocket, against the real server.
//
// covers: [ORG-1, SP-6]
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Server, skip as noServer } from "./support/server.mjs";

const { JF_BROWSER } = process.env;
const skip = noServer || (JF_BROWSER ? false : "JF_BROWSER does not name a browser of the Chromium family");
if (skip && process.env.JF_REQUIRE_BROWSER === "1") throw new Error(`JF_REQUIRE_BROWSER=1, but ${skip}`);

/** What the page does; it tells what came of it. */
const page = (url) => `<!doctype html><script type="module">
  import { connect, ConnectionError } from "/dist/index.js";
  try {
    const client = await connect("${url}", { token: () => "abc.def", tokenIn: "subprotocol" });
    const { journeyId, cursor } = await client.start("applyForLoan", { customerId: "c-17", amount: 25000, months: 48, income: 3200 });
    const outcome = client.watch(journeyId, { from: cursor }).outcome();
    await client.submit(journeyId, "decideLoan", { decision: "approve", officer: "mia" });
    await client.submit(journeyId, "signContract", { signed: true });
    const { document } = await outcome;
    client.close();
    await fetch("/told", { method: "POST", body: document.output.status });
  } catch (error) {
    await fetch("/told", { method: "POST", body: error instanceof ConnectionError ? "ConnectionError " + error.code : String(error) });
  }
</script>`;

test("a page drives a loan; one of another origin may not", { skip, timeout: 60_000 }, async (t) => {
  let url;
  let tell;
  const site = createServer(async (request, response) => {
    if (request.method === "POST") {
      let text = "";
      for await (const part of request) text += part;
      response.end();
      tell(text);
    } else if (request.url.startsWith("/dist/") && !request.url.includes("..")) {
      const script = readFileSync(new URL(`..${request.url}`, import.meta.url));
      response.setHeader("content-type", "text/javascript").end(script);
    } else {
      response.setHeader("content-type", "text/html").end(page(url));
    }
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => site.close());
  const origin = `http://127.0.0.1:${site.address().port}`;

  const visit = async (server) => {
    url = server.url;
    const told = new Promise((resolve) => (tell = resolve));
    const profile = mkdtempSync(join(tmpdir(), "jf-browser-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server", `--user-data-dir=${profile}`];
    const browser = spawn(JF_BROWSER, [...flags, origin], { stdio: "ignore", detached: true });
    try {
      return await told;
    } finally {
      const exit = once(browser, "exit");
      // With its children, which would go on writing into the profile.
      process.kill(-browser.pid, "SIGKILL");
      await exit;
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
  };
  const token = { subprotocolToken: true };
  assert.equal(await visit(await Server.start(t, { websocket: { ...token, allowedOrigins: [origin] } })), "APPROVED");
  assert.equal(await visit(await Server.start(t, { websocket: token })), "ConnectionError 1006");
});
