// A real browser of the Chromium family, driven over its own debugging protocol through a pipe. No package is needed for that.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { JF_BROWSER } = process.env;

/** Why tests in a browser cannot run, if so. */
export const skip = JF_BROWSER ? false : "JF_BROWSER does not name a browser of the Chromium family";

const PATIENCE_MS = 15_000;

/** A running browser. */
export class Browser {
  #process;
  #profile = mkdtempSync(join(tmpdir(), "jf-console-"));
  #calls = new Map();
  #listeners = new Set();
  #count = 0;
  #rest = "";

  static async start() {
    const browser = new Browser();
    const flags = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--no-proxy-server",
      "--hide-scrollbars",
      "--force-color-profile=srgb",
      // Servers of these tests sign their certificates themselves.
      "--ignore-certificate-errors",
      "--disable-background-networking",
      "--disable-component-update",
      "--remote-debugging-pipe",
      `--user-data-dir=${browser.#profile}`,
    ];
    browser.#process = spawn(JF_BROWSER, [...flags, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    browser.#process.stdio[4].setEncoding("utf8").on("data", (text) => browser.#received(text));
    await browser.call("Browser.getVersion");
    return browser;
  }

  /** One command; its answer. */
  call(method, params = {}, sessionId) {
    const id = (this.#count += 1);
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, method });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #received(text) {
    const parts = (this.#rest + text).split("\0");
    this.#rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      if (!call) for (const listener of this.#listeners) listener(message);
      else if (message.error) call.reject(new Error(`${call.method}: ${message.error.message}`));
      else call.resolve(message.result);
    }
  }

  /** A page at an address, in a profile of its own. */
  async open(url, { width = 1440, height = 1000, scale = 1, features = [] } = {}) {
    const { browserContextId } = await this.call("Target.createBrowserContext");
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.call(method, params, sessionId));
    this.#listeners.add((message) => message.sessionId === sessionId && page.heard(message));
    await page.send("Runtime.enable");
    await page.send("Log.enable");
    await page.send("Page.enable");
    await page.send("Network.enable");
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: false });
    await page.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await page.emulate(features);
    await page.send("Page.navigate", { url });
    return page;
  }

  /** Ends it with all it has started. */
  async close() {
    const exit = once(this.#process, "exit");
    // With its children, which would go on writing into the profile.
    process.kill(-this.#process.pid, "SIGKILL");
    await exit;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

const KEYS = { Tab: 9, Enter: 13, Escape: 27, " ": 32, ArrowUp: 38, ArrowDown: 40, ArrowRight: 39, ArrowLeft: 37 };

/** A page of it. */
export class Page {
  /** What the page has complained about: exceptions, errors of the console, violations of the policy. */
  complaints = [];
  /** What it has asked for, by address. */
  requests = [];

  constructor(send) {
    this.send = send;
  }

  heard({ method, params }) {
    // The browser's own controls bring their pictures along, as `data:`.
    if (method === "Network.requestWillBeSent" && !params.request.url.startsWith("data:")) this.requests.push(params.request.url);
    if (method === "Network.webSocketCreated") this.requests.push(params.url);
    if (method === "Runtime.exceptionThrown")
      this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Runtime.consoleAPICalled" && params.type === "error")
      this.complaints.push(params.args.map((arg) => arg.value ?? arg.description).join(" "));
    // A server that is away is none of the page's faults.
    if (method === "Log.entryAdded" && params.entry.level === "error" && params.entry.source !== "network")
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
  }

  /** How the reader wants it: `prefers-color-scheme` and the like. */
  emulate(features) {
    return this.send("Emulation.setEmulatedMedia", { features: features.map(([name, value]) => ({ name, value })) });
  }

  /** Runs a function in the page with arguments of JSON; its value, or what it promises. */
  async run(fn, ...args) {
    const expression = `(${fn})(...${JSON.stringify(args)})`;
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until the function gives something true. The page looks whenever it changes. */
  async until(fn, ...args) {
    const watch = `async (args, patience) => {
      const look = ${fn};
      const deadline = Date.now() + patience;
      for (;;) {
        let value;
        try { value = await look(...args); } catch { value = undefined; }
        if (value) return value;
        if (Date.now() > deadline) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }`;
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      try {
        const value = await this.run(watch, args, deadline - Date.now());
        if (value) return value;
      } catch (error) {
        // A page that goes elsewhere, or is loaded again, is looked at there.
        if (!/navigated or closed|context was destroyed|Cannot find context/.test(error.message)) throw error;
      }
    }
    const text = await this.run(() => document.body.innerText);
    throw new Error(`waited in vain for ${fn}(${args.join()})\n${text}\n${this.complaints.join("\n")}`);
  }

  /** Waits until the text is somewhere within the selector. */
  async sees(text, selector = "body") {
    await this.until(
      (wanted, within) => [...document.querySelectorAll(within)].some((element) => element.innerText.includes(wanted)),
      text,
      selector,
    );
  }

  /** Clicks the first visible element that fits, by its text if there is one. */
  async click(selector, text) {
    await this.until(
      (wanted, label) => {
        const found = [...document.querySelectorAll(wanted)].find(
          (element) => element.checkVisibility() && (label === null || element.textContent.trim() === label),
        );
        found?.scrollIntoView({ block: "center" });
        if (found instanceof SVGElement) found.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        else found?.click();
        return found !== undefined;
      },
      selector,
      text ?? null,
    );
  }

  /** Presses a key as a person would. */
  async press(key, modifiers = 0) {
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: KEYS[key] ?? key.charCodeAt(0), modifiers };
    await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Types into what has the focus. */
  type(text) {
    return this.send("Input.insertText", { text });
  }

  /** Puts a value into the field with this label, as typing would. */
  async fill(label, value, within = "main") {
    await this.until(
      (wanted, text, scope) => {
        const named = [...document.querySelectorAll(`${scope} label`)].filter(
          (element) => element.checkVisibility() && element.firstChild?.textContent.trim() === wanted,
        );
        const control = named.map((element) => element.control).find(Boolean);
        if (!control) return false;
        control.focus();
        if (control.matches("select")) control.value = [...control.options].find((option) => option.text === text).value;
        else control.value = text;
        control.dispatchEvent(new Event("input", { bubbles: true }));
        control.dispatchEvent(new Event("change", { bubbles: true }));
        return true;
      },
      label,
      value,
      within,
    );
  }

  /** Where the focus is, in words. */
  focus() {
    return this.run(() => {
      const element = document.activeElement;
      const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
      return `${element.tagName.toLowerCase()} ${label.trim().slice(0, 60)}`;
    });
  }

  /** A picture of what is to be seen. */
  async screenshot(file, options = {}) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", ...options });
    await writeFile(file, Buffer.from(data, "base64"));
  }
}
