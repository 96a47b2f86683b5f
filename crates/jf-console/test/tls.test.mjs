// The console over TLS, where browsers speak HTTP/2.
//
// covers: [ORG-1, HTTP-001]
import assert from "node:assert/strict";
import { test } from "node:test";

import { Server } from "./support/server.mjs";
import { options, staged } from "./support/stage.mjs";

const stage = staged({ tls: true, config: { console: { tokenFile: "token" } } });

test("ORG-1 HTTP-001 a console with certificates and a token is entered, and a run is driven", options, async () => {
  const page = await stage.browser.open(`${stage.server.console}#/journeys/again`);
  await page.fill("Token", "wrong-horse-battery");
  await page.click("main button", "Enter");
  await page.sees("not the token", ".fault");
  await page.fill("Token", Server.TOKEN);
  await page.click("main button", "Enter");
  await page.sees("live", "#connection");
  const protocols = await page.run(() => performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol));
  assert.ok(protocols.length > 10 && protocols.every((protocol) => protocol === "h2"), protocols.join());
  await page.fill("Payload as JSON", "{}");
  await page.click("main button", "Start a run");
  await page.sees("round", ".steps");
  assert.deepEqual(page.complaints, []);
});
