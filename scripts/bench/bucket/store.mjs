import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, ListBucketsCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "../server.mjs";
import { findProgram } from "../tools.mjs";

export const region = "us-east-1";
const credentials = { accessKeyId: "bench-access", secretAccessKey: "bench-secret-key" };
const startLimitMs = 30_000;
const writtenAtOnce = 16;

/** A MinIO that runs as long as this process. */
export class Store {
  port;
  client;
  #child;
  #buckets = 0;

  static async start(folder) {
    const program = findProgram("minio");
    if (program === undefined) throw new Error("MinIO is not installed: run scripts/install-tools.sh");
    const [port, data] = [await freePort(), join(folder, "minio")];
    mkdirSync(data, { recursive: true });
    const log = openSync(join(folder, "minio.log"), "w");
    const child = spawn(program, ["server", data, "--address", `127.0.0.1:${port}`, "--quiet"], {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        MINIO_ROOT_USER: credentials.accessKeyId,
        MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
        MINIO_BROWSER: "off",
      },
      stdio: ["ignore", log, log],
    });
    process.on("exit", () => child.kill("SIGKILL"));
    const store = new Store(port, child);
    const deadline = performance.now() + startLimitMs;
    while (!(await store.#answers())) {
      if (performance.now() > deadline) throw new Error("MinIO did not start");
      await sleep(50);
    }
    return store;
  }

  constructor(port, child) {
    this.port = port;
    this.#child = child;
    this.client = new S3Client({
      endpoint: this.endpoint,
      region,
      forcePathStyle: true,
      credentials: { ...credentials },
    });
  }

  get endpoint() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A new, empty bucket, and the keys for it. */
  async bucket() {
    const bucket = `bench-${++this.#buckets}`;
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
    return { bucket, endpoint: this.endpoint, region, ...credentials };
  }

  /** Writes many small objects. @param {Iterable<[string, string | Buffer]>} objects */
  async fill(bucket, objects) {
    const waiting = objects[Symbol.iterator]();
    const takeTurns = async () => {
      for (let each = waiting.next(); !each.done; each = waiting.next()) {
        const [Key, Body] = each.value;
        await this.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
      }
    };
    await Promise.all(Array.from({ length: writtenAtOnce }, takeTurns));
  }

  async stop() {
    this.client.destroy();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  async #answers() {
    return this.client.send(new ListBucketsCommand()).then(
      () => true,
      () => false,
    );
  }
}
