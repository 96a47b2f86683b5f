// A server and a browser for the tests of a file.
import { after, before } from "node:test";

import { Browser, skip as noBrowser } from "./browser.mjs";
import { Server, skip as noServer } from "./server.mjs";

/** Why these tests cannot run, if so. */
export const skip = noServer || noBrowser;
if (skip && process.env.JF_REQUIRE_BROWSER === "1") throw new Error(`JF_REQUIRE_BROWSER=1, but ${skip}`);
/** What every test of a page is given. */
export const options = { skip, timeout: 90_000 };

/** `server` and `browser`, there while the tests run; `open(hash)` is a page of the console, connected. `server` says what kind of server. */
export function staged(kind = {}) {
  const stage = {
    async open(hash = "", look = {}) {
      const page = await stage.browser.open(stage.server.console + hash, look);
      await page.sees("live", "#connection");
      return page;
    },
  };
  before(async () => {
    if (!skip) [stage.server, stage.browser] = await Promise.all([Server.start(kind), Browser.start()]);
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server?.close();
  });
  return stage;
}
