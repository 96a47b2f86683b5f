// The console in a page of a real browser, against the real server.
//
// covers: [ACC-1, ORG-1, MUX-2, RT-4, RT-6, WS-032, SUB-4, SUB-10, IDEM-2, ERR-3, ACC-3]
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { Browser, skip as noBrowser } from "./support/browser.mjs";
import { populate } from "./support/scene.mjs";
import { Server, skip as noServer } from "./support/server.mjs";

const skip = noServer || noBrowser;
if (skip && process.env.JF_REQUIRE_BROWSER === "1") throw new Error(`JF_REQUIRE_BROWSER=1, but ${skip}`);
const require = createRequire(import.meta.url);
const options = { skip, timeout: 90_000 };
const LOAN = { customerId: "c-17", amount: 25_000, months: 48, income: 3_200 };
const COLLEAGUE = { name: "Ada", role: "engineer", equipment: [{ article: "laptop" }] };

let server;
let browser;

before(async () => {
  if (!skip) [server, browser] = await Promise.all([Server.start(), Browser.start()]);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page of the console, connected. */
async function open(hash = "", options = {}) {
  const page = await browser.open(server.console + hash, options);
  await page.sees("live", "#connection");
  return page;
}

/** Addresses that are marked as those where the run is. */
const here = (page) => page.run(() => [...document.querySelectorAll(".graph .here > .state")].map((state) => state.dataset.address).sort());

const isHere = (page, ...addresses) =>
  page.until(
    (wanted) =>
      [...document.querySelectorAll(".graph .here > .state")]
        .map((state) => state.dataset.address)
        .sort()
        .join() === wanted.join(),
    addresses.sort(),
  );

test("a loan from the form to the outcome, with the position in the graph", options, async () => {
  const page = await open("#/journeys/loan-approval");
  await page.fill("customerId", "c-17");
  await page.fill("amount", "25000");
  await page.fill("months", "48");
  await page.fill("income", "3200");
  await page.click("main button", "Start a run");
  await page.sees("officerReview", ".steps");
  await isHere(page, "officerReview");
  assert.match(await page.run(() => location.hash), /^#\/runs\//);
  await page.sees("running", "main .badge");
  assert.deepEqual(await page.run(() => [...document.querySelectorAll(".graph .visited > .state")].map((state) => state.dataset.address)), [
    "assess",
    "triage",
  ]);

  await page.click(".step label", "approve");
  await page.fill("officer", "mia");
  await page.click(".step button", "Submit");
  await isHere(page, "signature");
  assert.ok(await page.run(() => document.querySelectorAll(".graph .way.taken").length >= 5));
  await page.click(".step label", "yes");
  await page.click(".step button", "Submit");
  await page.sees("APPROVED", ".outcome");
  await isHere(page, "approved");
  await page.sees("succeeded", "main .badge");
  await page.sees("succeeded", ".runs a[aria-current] .badge");
  assert.deepEqual(await page.run(() => [...document.querySelectorAll(".trail .seq")].map((seq) => seq.textContent)), ["4", "3", "2", "1"]);
  assert.equal(await page.run(() => document.querySelector("main .danger").hidden), true, "nothing is left to cancel");
  assert.deepEqual(page.complaints, []);
});

test("WS-032 branches that wait side by side, in a journey without a WebSocket binding", options, async () => {
  const { journeyId } = await server.post("/journeys/employee-onboarding/start", COLLEAGUE);
  const page = await open(`#/runs/${journeyId}`);
  const [access, delivery, meeting] = ["prepare~accounts~approveAccess", "prepare~equipment~delivery", "prepare~introduction~bookMeeting"];
  await isHere(page, access, delivery, meeting);
  assert.equal(await page.run(() => document.querySelectorAll(".step").length), 3);
  await page.fill("place", "Online");
  await page.fill("link", "https://meet.example/ada");
  await page.click(".step:nth-child(3) button[type=submit]");
  await isHere(page, access, delivery);

  // What somebody is typing stays while others drive the run.
  await page.fill("trackingCode", "DE4711");
  await server.post(`/journeys/${journeyId}/steps/approveAccess`, { decision: "approve", approver: "kim" });
  await isHere(page, delivery);
  assert.equal(await page.run(() => document.querySelector(".step input[data-name=trackingCode]").value), "DE4711");
  await page.click(".step label", "lost");
  await page.click(".step button[type=submit]");
  await page.sees("delivery waits", ".trail");
  await page.until(
    () => document.querySelector(".step input[data-name=trackingCode]")?.value === "",
    "the same step again is another one to fill in",
  );
  await page.click(".step label", "delivered");
  await page.click(".step button[type=submit]");
  await isHere(page, "firstDay");
  await page.click(".step button[type=submit]");
  await page.fill("Payload as JSON", "{}");
  await page.click(".step button[type=submit]");
  await page.sees("Welcome, Ada", ".outcome");
  assert.deepEqual(page.complaints, []);
});

test("ERR-3 what is missing is told before sending, and what the server refuses at its field", options, async () => {
  const page = await open("#/journeys/employee-onboarding");
  await page.click("main button", "Start a run");
  await page.sees("Not sent yet", ".summary");
  assert.deepEqual(await page.run(() => [...document.querySelectorAll(".summary li")].map((line) => line.textContent)), [
    "name must be given",
    "role must be given",
    "equipment/0/article must be given",
  ]);
  assert.equal(await page.focus(), "input name *");

  const { journeyId } = await server.post("/journeys/employee-onboarding/start", COLLEAGUE);
  const run = await open(`#/runs/${journeyId}`);
  await run.fill("trackingCode", "lower1");
  await run.click(".step label", "delivered");
  await run.click(".step:nth-child(2) button[type=submit]");
  await run.until(() => document.querySelector("[data-name=trackingCode]").getAttribute("aria-invalid") === "true");
  const described = await run.run(() =>
    document
      .querySelector("[data-name=trackingCode]")
      .getAttribute("aria-describedby")
      .split(" ")
      .map((id) => document.getElementById(id).textContent),
  );
  assert.match(described.join(), /pattern|match/);
  assert.match(await run.run(() => document.activeElement.dataset.name), /trackingCode/);
  await run.fill("trackingCode", "DE1");
  await run.click(".step:nth-child(2) button[type=submit]");
  await run.sees("prepare~equipment~delivery is done", ".trail");
});

test("a form can be left for JSON and back, and nothing is lost", options, async () => {
  const page = await open("#/journeys/employee-onboarding");
  await page.fill("name", "Ada");
  await page.click("main label", "designer");
  await page.fill("street", "1 Main St");
  await page.fill("city", "Utrecht");
  await page.click(".items label", "phone");
  await page.click("main button", "Edit as JSON");
  const text = await page.run(() => document.querySelector("main textarea").value);
  assert.deepEqual(JSON.parse(text), {
    name: "Ada",
    role: "designer",
    hours: 40,
    equipment: [{ article: "phone", quantity: 1 }],
    address: { street: "1 Main St", city: "Utrecht" },
  });
  await page.fill("Payload as JSON", text.replace("Utrecht", "Delft").slice(0, -1));
  await page.click("main button", "Edit in a form");
  await page.sees("is not JSON", ".summary");
  await page.fill("Payload as JSON", text.replace("Utrecht", "Delft"));
  await page.click("main button", "Edit in a form");
  assert.equal(await page.run(() => document.querySelector("main input[data-name=city]").value), "Delft");
  await page.click("main button", "Start a run");
  await page.sees("approveAccess", ".steps");
});

test("what a form has no place for stays JSON, and nothing is rounded", options, async () => {
  const page = await open("#/journeys/employee-onboarding");
  await page.fill("name", "Ada");
  await page.fill("hours", "many");
  await page.click("main button", "Edit as JSON");
  await page.sees("cannot be taken along", ".summary");
  await page.fill("hours", "40");
  await page.click("main button", "Edit as JSON");
  const payload = { name: "Ada", role: "engineer", nickname: "A", address: { street: "1 Main St", city: "Delft", box: null } };
  await page.fill("Payload as JSON", JSON.stringify(payload));
  await page.click("main button", "Edit in a form");
  await page.sees("This stays JSON", ".summary");
  assert.deepEqual(await page.run(() => [...document.querySelectorAll(".summary li")].map((line) => line.textContent)), [
    "nickname has no place in the form",
    "address/box has no place in the form",
  ]);
  assert.deepEqual(JSON.parse(await page.run(() => document.querySelector("main textarea").value)), payload);
  await page.fill("Payload as JSON", '{ "name": "Ada", "role": "engineer", "hours": 400 }');
  await page.click("main button", "Edit in a form");
  await page.sees("hours must be at most 40", ".summary");
  await page.fill("Payload as JSON", '{ "name": "Ada", "hours": 9007199254740993 }');
  await page.click("main button", "Start a run");
  await page.sees("holds 9007199254740993, which is too large to be exact", ".summary");
});

test("one list is read at a time, however long it takes, and its rows are those of its heading", options, async () => {
  const { journeyId } = await server.post("/journeys/loan-approval/start", LOAN);
  const page = await open("#/journeys/loan-approval");
  await page.sees(journeyId, ".runs");
  await page.run(() => {
    Object.assign(globalThis, { before: fetch, most: 0, now: 0, done: 0 });
    globalThis.fetch = async (path, ...rest) => {
      globalThis.most = Math.max(globalThis.most, (globalThis.now += 1));
      try {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        return await globalThis.before(path, ...rest);
      } finally {
        globalThis.now -= 1;
        globalThis.done += 1;
      }
    };
  });
  await server.post(`/journeys/${journeyId}/steps/officerReview`, { decision: "approve", officer: "mia" });
  const { journeyId: second } = await server.post("/journeys/loan-approval/start", LOAN);
  await page.sees(second, ".runs");
  await page.until(() => globalThis.done >= 2);
  assert.equal(await page.run(() => globalThis.most), 1);
  await page.run(() => (globalThis.fetch = () => Promise.reject(new Error("away"))));
  await page.run(() => (location.hash = "#/journeys/employee-onboarding"));
  await page.sees("The list cannot be read: away", "#runs");
  assert.equal(await page.run(() => document.querySelectorAll(".runs li").length), 0);
  await page.run(() => (globalThis.fetch = globalThis.before));
  await page.until(() => !document.getElementById("runs").innerText.includes("cannot be read"));
});

test("everything is within reach of the keyboard", options, async () => {
  const page = await open();
  await page.press("Tab");
  assert.equal(await page.focus(), "a Skip to the content");
  const tabTo = async (wanted) => {
    for (let count = 0; count < 80; count += 1) {
      const focus = await page.focus();
      if (wanted.test(focus)) return focus;
      await page.press("Tab");
    }
    throw new Error(`no way to ${wanted}`);
  };
  await tabTo(/^a loan-approval/);
  await page.press("Enter");
  await page.sees("loan-approval", "main h1");
  await tabTo(/^g assess, transform/);
  await page.press("ArrowDown");
  assert.equal(await page.focus(), "g triage, choice");
  await page.press("Enter");
  await page.sees(".context.amount <= 2000", ".about");
  await page.press("Tab");
  assert.doesNotMatch(await page.focus(), /^g /, "the graph is one stop");
  await tabTo(/^input customerId/);
  for (const value of ["c-1", "90000", "12", "1000"]) {
    await page.type(value);
    await page.press("Tab");
  }
  await tabTo(/^button Start a run/);
  await page.press("Enter");
  await page.sees("LOAN_NOT_AFFORDABLE", ".outcome");
  assert.deepEqual(await here(page), ["notAffordable"]);
});

test("the link to the content leads there, and the address stays that of the place", options, async () => {
  const page = await open("#/journeys/loan-approval");
  await page.press("Tab");
  assert.equal(await page.focus(), "a Skip to the content");
  await page.press("Enter");
  await page.until(() => document.activeElement.id === "main");
  assert.equal(await page.run(() => location.hash), "#/journeys/loan-approval");
  await page.send("Page.reload");
  await page.sees("loan-approval", "main h1");
  // An address with the mark of the content alone is the overview.
  const marked = await open("#main");
  await marked.sees("Choose a journey", "main");
});

test("cancelling asks first, and Escape lets the run go on", options, async () => {
  const { journeyId } = await server.post("/journeys/loan-approval/start", LOAN);
  const page = await open(`#/runs/${journeyId}`);
  await page.click("main button", "Cancel run");
  await page.sees("Cancel this run?", "dialog");
  assert.equal(await page.focus(), "button Let it go on");
  await page.press("Escape");
  await page.until(() => document.querySelector("dialog") === null);
  await page.sees("running", "main .badge");
  await page.click("main button", "Cancel run");
  await page.click("dialog button", "Cancel the run");
  await page.until(() => document.activeElement.textContent === "Waiting for");
  await page.sees("JOURNEY_CANCELLED", ".outcome");
  await page.sees("failed", "main .badge");
});

test("the list is filtered by journey and phase, and follows", options, async () => {
  const { journeyId } = await server.post("/journeys/loan-approval/start", LOAN);
  const page = await open("#/journeys/loan-approval");
  const names = () => page.run(() => [...new Set([...document.querySelectorAll(".runs .name")].map((name) => name.textContent))]);
  await page.sees(journeyId, ".runs");
  assert.deepEqual(await names(), ["loan-approval"]);
  await page.run(() => (globalThis.fetch = () => Promise.reject(new Error("nothing is read again"))));
  await server.post(`/journeys/${journeyId}/steps/officerReview`, { decision: "approve", officer: "mia" });
  await page.sees("waits at signature", ".runs");
  await page.send("Page.reload");
  await page.sees("waits at signature", ".runs");
  await page.click(".phases label", "running");
  await page.until(() => [...document.querySelectorAll(".runs .badge")].every((badge) => badge.textContent === "running"));
  await server.post(`/journeys/${journeyId}/steps/signature`, { signed: false });
  await page.until((id) => ![...document.querySelectorAll(".runs .id")].some((element) => element.textContent === id), journeyId);
  await page.click(".phases label", "all");
  await page.sees(journeyId, ".runs");
  await page.fill("Find a run by its id", journeyId, "aside");
  await page.click(".find button");
  await page.sees("DECLINED", ".outcome");
});

test("SUB-4 a server that is killed and started again is noticed, and no event is missed", options, async () => {
  const { journeyId } = await server.post("/journeys/loan-approval/start", LOAN);
  const page = await open(`#/runs/${journeyId}`);
  await isHere(page, "officerReview");
  await server.kill();
  await page.until(() => document.getElementById("connection").textContent !== "live");
  await server.start();
  await server.post(`/journeys/${journeyId}/steps/officerReview`, { decision: "approve", officer: "mia" });
  await isHere(page, "signature");
  await page.sees("live", "#connection");
  await page.click(".step label", "no");
  await page.click(".step button[type=submit]");
  await page.sees("DECLINED", ".outcome");
  assert.deepEqual(await page.run(() => [...document.querySelectorAll(".trail .seq")].map((seq) => seq.textContent)), ["4", "3", "2", "1"]);
});

test("ACC-3 a run that is not there, and what is no id at all", options, async () => {
  const page = await open("#/runs/AAAAAAAAAAAAAAAAAAAAAA");
  await page.sees("There is no such run", ".notice");
  await page.run(() => (location.hash = "#/runs/%00%ff<script>alert(1)</script>"));
  await page.sees("Not found", "main h1");
  await page.run(() => (location.hash = "#/journeys/nothing"));
  await page.sees("not deployed", "main");
  assert.deepEqual(page.complaints, []);
});

test("ACC-1 a run that is sealed while somebody looks is closed, and looks like none from then on", options, async () => {
  const { journeyId } = await server.post("/journeys/casefile/start", {});
  const page = await open(`#/runs/${journeyId}`);
  await isHere(page, "seal");
  await server.post(`/journeys/${journeyId}/steps/seal`, {});
  await page.sees("may not be read any more", ".notice");
  await page.send("Page.reload");
  await page.sees("There is no such run", ".notice");
  assert.deepEqual(page.complaints, []);
});

test("a run of very many events is shown from its end, and what comes while it is watched is added", { ...options, timeout: 240_000 }, async () => {
  const { journeyId } = await server.post("/journeys/counter/start", {});
  for (let count = 0; count < 1_100; count += 1) await server.post(`/journeys/${journeyId}/steps/tick`, {});
  const page = await open(`#/runs/${journeyId}`);
  const numbers = () => page.run(() => [...document.querySelectorAll(".trail .seq")].map((seq) => Number(seq.textContent)));
  const isContiguous = (all) => all.every((seq, index) => index === 0 || all[index - 1] === seq + 1);
  await page.until((most) => document.querySelector(".trail .seq")?.textContent === most, "1102");
  const before = await numbers();
  assert.ok(isContiguous(before) && before.length === 900, `${before.length} in a row`);
  await page.sees("202 earlier events are not shown", "main");
  for (let count = 0; count < 150; count += 1) await server.post(`/journeys/${journeyId}/steps/tick`, {});
  await page.until((most) => document.querySelector(".trail .seq")?.textContent === most, "1252");
  const after = await numbers();
  assert.ok(isContiguous(after) && after.length === 1_000, `${after.length} in a row`);
  assert.equal(await page.run(() => document.querySelector("main .danger").hidden), true, "it cannot be cancelled");
  await page.click(".step button[type=submit]");
  await page.until((most) => document.querySelector(".trail .seq")?.textContent === most, "1253");
});

test("a step that waits anew is another one to fill in, whoever has submitted the one before", options, async () => {
  const { journeyId } = await server.post("/journeys/rounds/start", {});
  const page = await open(`#/runs/${journeyId}`);
  await page.fill("note", "half of a note");
  await server.post(`/journeys/${journeyId}/steps/round`, {});
  await page.until(() => document.querySelector(".step [data-name=note]")?.value === "");
  assert.equal(await page.run(() => document.querySelectorAll(".step").length), 1);
  assert.deepEqual(page.complaints, []);
});

test("a credential is given, and the connection is made anew with it", options, async () => {
  const page = await open();
  await page.click("#credential");
  await page.type("not a token");
  await page.click("dialog button", "Use");
  await page.sees("visible ASCII", "dialog");
  await page.run(() => document.getElementById("asked").select());
  await page.type("abc.def");
  await page.press("Enter");
  await page.until(() => document.querySelector("dialog") === null);
  await page.sees("Credential given", "#credential");
  await page.sees("live", "#connection");
  await page.run(() => (location.hash = "#/journeys/loan-approval"));
  await page.sees("Start a run", "main");
});

test(
  "a credential that the server does not take is told, and the connection stays as it was",
  { ...options, timeout: 60_000 },
  async () => {
    const { journeyId } = await server.post("/journeys/loan-approval/start", LOAN);
    const page = await open(`#/runs/${journeyId}`);
    await isHere(page, "officerReview");
    await page.click("#credential");
    await page.run((text) => (document.getElementById("asked").value = text), "x".repeat(1_200_000));
    await page.click("dialog button", "Use");
    await page.sees("no connection with this credential", "dialog");
    assert.equal(await page.run(() => document.querySelector("dialog button").disabled), false, "another one can be given");
    await page.click("dialog button", "Close");
    assert.equal(await page.run(() => document.getElementById("credential").textContent), "Credential");
    await page.sees("live", "#connection");
    await server.post(`/journeys/${journeyId}/steps/officerReview`, { decision: "approve", officer: "mia" });
    await isHere(page, "signature");
  },
);

test("what runs hold is text and nothing else", options, async () => {
  const hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
  const { journeyId } = await server.post("/journeys/employee-onboarding/start", { ...COLLEAGUE, name: hostile });
  const page = await open(`#/runs/${journeyId}`);
  await page.sees(hostile, ".facts");
  assert.equal(await page.run(() => document.querySelectorAll("main img, main script").length), 0);
  const written = await page.run(() => {
    try {
      document.body.innerHTML = "<p>";
      return "written";
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(written, "TypeError", "the policy leaves no way to markup");
  const evaluated = await page.run(() =>
    fetch("data:text/plain,x").then(
      () => "fetched",
      () => "refused",
    ),
  );
  assert.equal(evaluated, "refused");
});

test("texts of definitions are text, names are names, and what is long can be read", options, async () => {
  const page = await open("#/journeys/hostile", { width: 400 });
  await page.sees("<img src=x", ".lead");
  await page.sees("<script>", "main form");
  await page.fill("<i>title</i>", "x");
  await page.click("main button", "Start a run");
  await page.sees("aStateWhoseName", ".steps");
  const clipped = () => [...document.querySelectorAll(".step label")].filter((label) => label.scrollWidth > label.clientWidth).length;
  assert.equal(await page.run(clipped), 0);
  assert.ok(await page.run(() => document.documentElement.scrollWidth <= innerWidth), "no scrolling to the side");
  await page.click(".step label", "short");
  await page.click(".step button[type=submit]");
  await page.sees("<img src=x", ".outcome");
  assert.equal(await page.run(() => document.querySelectorAll("main img, main script, main i").length), 0);
  assert.match(await page.run(() => document.title), /^Run/);
  assert.deepEqual(page.complaints, []);
});

test("nothing is asked of anybody else, and little of the server", options, async () => {
  const id = await populate(server);
  const page = await open(`#/runs/${id}`);
  await page.until(() => document.querySelectorAll(".graph .here").length >= 2);
  const { host } = new URL(server.console);
  assert.deepEqual(
    page.requests.filter((url) => new URL(url).host !== host),
    [],
  );
  const paths = page.requests.map((url) => new URL(url).pathname);
  assert.equal(paths.filter((path) => path === "/catalogue").length, 1, paths.join());
  assert.equal(paths.filter((path) => path === "/socket").length, 1);
  assert.ok(paths.length < 60, `${paths.length} requests for the first view`);
});

/** Judges the page by the rules of WCAG 2.2, levels A and AA. */
async function violations(page) {
  // What judges is put into the page from outside, past the policy that holds for everybody else.
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.send("Runtime.evaluate", { expression: `${axe}; 0` });
  return page.run(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.any[0]?.message ?? ""}`).join("; ")}`);
  });
}

test("WCAG AA: every view, light and dark, wide and narrow", { ...options, timeout: 180_000 }, async () => {
  const id = await populate(server);
  for (const scheme of ["light", "dark"]) {
    for (const width of [1440, 400]) {
      const features = [
        ["prefers-color-scheme", scheme],
        ["prefers-reduced-motion", "reduce"],
      ];
      const page = await open("", { features, width });
      await page.until(() => document.querySelector(".cards li") && document.querySelector(".runs li"));
      assert.deepEqual(await violations(page), [], `overview, ${scheme}, ${width}`);
      await page.run(() => (location.hash = "#/journeys/employee-onboarding"));
      await page.sees("employee-onboarding", "main h1");
      await page.click("main button", "Start a run");
      await page.sees("Not sent yet", ".summary");
      await page.click(".graph .state");
      await page.click(".filters summary");
      assert.deepEqual(await violations(page), [], `definition, ${scheme}, ${width}`);
      await page.run((run) => (location.hash = `#/runs/${run}`), id);
      await page.until(() => document.querySelectorAll(".graph .here").length >= 2);
      await page.click("summary", "States as a list");
      assert.deepEqual(await violations(page), [], `run, ${scheme}, ${width}`);
      await page.click("main button", "Cancel run");
      await page.sees("Cancel this run?", "dialog");
      assert.deepEqual(await violations(page), [], `dialog, ${scheme}, ${width}`);
      assert.ok(await page.run(() => document.documentElement.scrollWidth <= innerWidth), "no scrolling to the side");
      assert.equal(await page.run(() => document.getAnimations().length), 0, "nothing moves for those who want that");
    }
  }
});

test("a token is asked for where there is one, and the session stays with this console and this tab", options, async (t) => {
  const config = { console: { tokenFile: "token" } };
  const [locked, other] = await Promise.all([Server.start({ config }), Server.start({ config })]);
  t.after(() => Promise.all([locked.close(), other.close()]));
  assert.deepEqual([(await fetch(`${locked.console}catalogue`)).status, (await fetch(`${locked.console}runs`)).status], [401, 401]);
  const enter = async (page) => {
    await page.fill("Token", Server.TOKEN);
    await page.click("main button", "Enter");
    await page.sees("live", "#connection");
    await page.sees("loan-approval", "nav");
  };
  const page = await browser.open(locked.console);
  await page.fill("Token", "wrong-horse-battery");
  await page.click("main button", "Enter");
  await page.sees("not the token", ".fault");
  assert.deepEqual(await violations(page), []);
  await enter(page);
  const { cookies } = await page.send("Network.getCookies");
  assert.deepEqual(cookies, [], "other ports of the host would get them");
  // Another console of the same host does not end this session.
  await page.send("Page.navigate", { url: other.console });
  await enter(page);
  await page.send("Page.navigate", { url: locked.console });
  await page.sees("live", "#connection");
  assert.deepEqual(page.complaints, []);
  // The session is that of the process.
  await locked.kill();
  await locked.start();
  await page.sees("wants the token", "main");
  await enter(page);
});

test("the door tells a wrong token from a page that is refused and a server that is away", options, async (t) => {
  const locked = await Server.start({ config: { console: { tokenFile: "token" } } });
  t.after(() => locked.close());
  const page = await browser.open(locked.console);
  await page.sees("wants the token", "main");
  await page.run(() => {
    globalThis.before = fetch;
    globalThis.fetch = async () => Response.json({ detail: "the console is for pages of its own" }, { status: 403 });
  });
  await page.fill("Token", Server.TOKEN);
  await page.click("main button", "Enter");
  await page.sees("This page is refused: the console is for pages of its own", ".fault");
  await page.run(() => (globalThis.fetch = globalThis.before));
  await locked.kill();
  await page.click("main button", "Enter");
  await page.sees("cannot be reached", ".fault");
  await locked.start();
  await page.click("main button", "Enter");
  await page.sees("live", "#connection");
});
