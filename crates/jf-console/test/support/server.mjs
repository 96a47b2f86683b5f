// The real server with its console, as named by the environment.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { selfSigned } from "./certificate.mjs";

const { JF_SERVER, JF_JOURNEYS } = process.env;

/** Why tests against the server cannot run, if so. */
export const skip = JF_SERVER ? false : "JF_SERVER does not name the server binary";

const examples = resolve(JF_JOURNEYS ?? join(import.meta.dirname, "../../../../examples/journeys"));
const own = join(import.meta.dirname, "../journeys");
/** What the example of an order needs; nobody is there to price it. */
const NEEDED = {
  platform: { config: { "order-fulfilment": { pricingUrl: "http://127.0.0.1:9", limitCents: 100_000 } } },
  connectors: { http: { denyPrivateNetworks: false } },
};

/** A server on ports and with a store that outlive it. */
export class Server {
  #folder = mkdtempSync(join(tmpdir(), "jf-console-"));
  #process;
  #ports;
  #definitions;
  #hasTls;

  /** Starts a server for the examples and the definitions of these tests, or for the ones given; with `tls` it has a certificate of its own. */
  static async start({ config = {}, definitions = [own, examples], tls = false } = {}) {
    const server = new Server();
    server.#definitions = definitions;
    server.#hasTls = tls;
    if (tls) {
      const { certificate, key } = selfSigned();
      writeFileSync(join(server.#folder, "server.pem"), certificate);
      writeFileSync(join(server.#folder, "server.key"), key);
      config = { ...config, http: { tls: { certificate: "server.pem", key: "server.key" } } };
    }
    writeFileSync(join(server.#folder, "token"), `${Server.TOKEN}\n`);
    writeFileSync(join(server.#folder, "jf.yaml"), JSON.stringify({ ...NEEDED, ...config }));
    server.#ports = [await freePort(), await freePort()];
    await server.start();
    return server;
  }

  /** In the file `token` beside the configuration. */
  static TOKEN = "correct-horse-battery-staple";

  get api() {
    return `http://127.0.0.1:${this.#ports[0]}/api/v1`;
  }

  get console() {
    return `${this.#hasTls ? "https" : "http"}://127.0.0.1:${this.#ports[1]}/`;
  }

  async start() {
    const [http, console] = this.#ports;
    const options = [
      "--listen",
      `127.0.0.1:${http}`,
      // On a loopback address a console has no TLS.
      `--console=${this.#hasTls ? "0.0.0.0" : "127.0.0.1"}:${console}`,
      "--store",
      `sqlite:${join(this.#folder, "runs.db")}`,
      "--config",
      join(this.#folder, "jf.yaml"),
      "--log",
      "error",
    ];
    this.#process = spawn(JF_SERVER, ["serve", ...this.#definitions, ...options], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(this.#process, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    const [line] = await Promise.race([once(createInterface(this.#process.stdout), "line"), ended]);
    if (!line.startsWith("listening on ")) throw new Error(line);
    ended.catch(() => undefined);
  }

  /** A request to the HTTP API; the document of the answer. */
  async post(path, body) {
    const answer = await fetch(this.api + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return answer.json();
  }

  /** `kill -9`, or what `signal` says. */
  async kill(signal = "SIGKILL") {
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await exit;
  }

  async close() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
