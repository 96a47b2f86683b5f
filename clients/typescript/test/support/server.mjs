// The real server, as named by the environment.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const { JF_SERVER, JF_JOURNEYS } = process.env;

/** Why tests against the server cannot run, if so. */
export const skip = JF_SERVER ? false : "JF_SERVER does not name the server binary";

const journeys = resolve(JF_JOURNEYS ?? join(import.meta.dirname, "../../../../examples/journeys"));

/** A server on a port and with a store that outlive it. */
export class Server {
  #folder = mkdtempSync(join(tmpdir(), "jf-client-"));
  #process;
  #port;
  #config;

  /** Starts a server; `config` is JSON, which is YAML too. It ends with the test. */
  static async start(test, config = {}) {
    const server = new Server();
    server.#config = join(server.#folder, "jf.yaml");
    writeFileSync(server.#config, JSON.stringify(config));
    server.#port = await freePort();
    test.after(() => server.#remove());
    await server.start();
    return server;
  }

  get url() {
    return `ws://127.0.0.1:${this.#port}/ws/loans`;
  }

  /** All runs, as told over HTTP. */
  async list() {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/v1/journeys`);
    return (await answer.json()).items;
  }

  /** Again, with the same store. */
  async start() {
    const loans = join(journeys, "loan-approval.journey.yaml");
    const store = `sqlite:${join(this.#folder, "runs.db")}`;
    const listen = `127.0.0.1:${this.#port}`;
    const options = ["serve", loans, "--listen", listen, "--store", store, "--config", this.#config, "--log", "error"];
    this.#process = spawn(JF_SERVER, options, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(this.#process, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    const [line] = await Promise.race([once(createInterface(this.#process.stdout), "line"), ended]);
    if (!line.startsWith("listening on ")) throw new Error(line);
    ended.catch(() => undefined);
  }

  /** `kill -9`, or what `signal` says. */
  async kill(signal = "SIGKILL") {
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await exit;
  }

  async #remove() {
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
