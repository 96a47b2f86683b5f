// Makes the picture of the guide: `JF_SERVER=… JF_BROWSER=… npm run screenshot`. With the name of a folder it makes one of each view there, light and dark.
import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import { Browser } from "./support/browser.mjs";
import { populate } from "./support/scene.mjs";
import { Server } from "./support/server.mjs";

const PICTURE = fileURLToPath(new URL("../../../docs/guide/images/console.png", import.meta.url));
const MOST_BYTES = 300 * 1024;
const STILL = ["prefers-reduced-motion", "reduce"];

const definitions = ["journeys/employee-onboarding.journey.yaml", "../../../examples/journeys"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const server = await Server.start({ definitions });
const browser = await Browser.start();
try {
  const id = await populate(server);
  const folder = process.argv[2];
  const shot = async (hash, file, { scheme = "light", width = 1440, height = 920, before = async () => undefined } = {}) => {
    const page = await browser.open(server.console + hash, { width, height, features: [STILL, ["prefers-color-scheme", scheme]] });
    await page.sees("live", "#connection");
    await page.until(() => document.querySelector("main h1") && document.querySelector(".runs li"));
    await before(page);
    await page.screenshot(file);
    if (page.complaints.length > 0) console.error(page.complaints.join("\n"));
  };
  const live = (page) => page.until(() => document.querySelectorAll(".graph .here").length >= 2);
  if (folder === undefined) {
    await mkdir(join(PICTURE, ".."), { recursive: true });
    await shot(`#/runs/${id}`, PICTURE, { before: live, width: 1600, height: 1060 });
    const { size } = await stat(PICTURE);
    if (size > MOST_BYTES) throw new Error(`the picture has ${size} bytes`);
    console.log(`${PICTURE}: ${size} bytes`);
  } else {
    await mkdir(folder, { recursive: true });
    for (const scheme of ["light", "dark"]) {
      const at = (name) => join(folder, `${name}-${scheme}.png`);
      await shot("", at("overview"), { scheme });
      await shot("#/journeys/employee-onboarding", at("definition"), { scheme });
      await shot("#/journeys/loan-approval", at("loan"), { scheme });
      await shot(`#/runs/${id}`, at("run"), { scheme, before: live });
      await shot(`#/runs/${id}`, at("narrow"), { scheme, before: live, width: 420, height: 900 });
    }
  }
} finally {
  await browser.close();
  await server.close();
}
