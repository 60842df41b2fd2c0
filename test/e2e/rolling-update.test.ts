import { strict as assert } from "node:assert";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { expectStatus, pullBlob, seededBytes } from "../support/content.js";
import { freePort } from "../support/free-port.js";
import { startRoundRobin } from "../support/nginx.js";
import { makeBucket, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { projectRoot } from "../support/project.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, emptyConfig, pushBlobsOf, smallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const pushers = 3;
/** Images that each must have pushed before the next step of the update. */
const eachStep = 5;

/** Berth as it may be next: with another version, and a format of its own that this one can read and has never seen. */
async function buildNext(scope: Scope): Promise<string> {
  // Below the project, so that it finds the packages.
  const folder = await mkdtemp(join(projectRoot, ".build/next-"));
  scope.defer(() => rm(folder, { recursive: true }));
  await cp(join(projectRoot, "dist"), join(folder, "dist"), { recursive: true });
  const about: unknown = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...Object(about), version: "99.0.0" }));
  const format = /version: 1,\s*oldestReader: 1/;
  let changed = 0;
  for (const file of await readdir(join(folder, "dist"), { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    const text = await readFile(join(folder, "dist", file), "utf8");
    if (!format.test(text)) continue;
    await writeFile(join(folder, "dist", file), text.replace(format, "version: 2, oldestReader: 1"));
    changed++;
  }
  assert.ok(changed > 0, "the format of the storage is stated somewhere else");
  return join(folder, "dist/main.js");
}

/** A client that pushes one image after another, and repeats what fails, as builds do. */
class Pusher {
  /** The tags of the images that were acknowledged, and what is in their layer. */
  readonly pushed = new Map<string, string>();
  readonly #client: RegistryClient;
  readonly #name: string;

  constructor(client: RegistryClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async work(until: AbortSignal): Promise<void> {
    for (let number = 1; !until.aborted; number++) {
      const text = `${this.#name} ${number} ${seededBytes(this.#name, 20_000).toString("hex")}`;
      const tag = `v${number}`;
      while (!until.aborted && !(await this.#push(text, tag)));
      if (!until.aborted) this.pushed.set(tag, text);
    }
  }

  async #push(text: string, tag: string): Promise<boolean> {
    try {
      await pushBlobsOf(this.#client, this.#name, text);
      const { bytes, descriptor } = smallImage(text);
      const headers = { "content-type": descriptor.mediaType };
      const put = await this.#client.request("PUT", `/v2/${this.#name}/manifests/${tag}`, { body: bytes, headers });
      return put.status === 201;
    } catch {
      return false;
    }
  }

  /** Every image that was acknowledged is whole. */
  async check(client: RegistryClient): Promise<void> {
    for (const [tag, text] of this.pushed) {
      const found = await client.get(`/v2/${this.#name}/manifests/${tag}`);
      expectStatus(found, 200, `${this.#name}:${tag}`);
      assert.ok(found.body.equals(smallImage(text).bytes));
      for (const blob of [emptyConfig, Buffer.from(text)])
        await pullBlob(client, this.#name, descriptorOf(blob).digest);
    }
  }
}

test("two versions run together on one bucket while one replaces the other under pushes, and no image is lost", async (t) => {
  const scope = new Scope(t);
  const next = await buildNext(scope);
  const store = await startStore(scope, "minio");
  await makeBucket(store, "images");
  const keyFile = join(await scope.folder("cluster"), "key");
  await writeFile(keyFile, "a secret of all replicas, whatever their version");
  const places = await Promise.all(
    [1, 2].map(async () => ({ port: await freePort(), listen: `127.0.0.1:${await freePort()}` })),
  );
  const start = async ({ port, listen }: (typeof places)[number], program?: string) =>
    startBerth(scope, {
      port,
      storage: await storageIn(scope, store, "images"),
      cluster: { listen, keyFile },
      ...(program !== undefined && { program }),
    });
  const running: BerthProcess[] = [];
  for (const place of places) running.push(await start(place));
  const client = new RegistryClient(
    `http://${await startRoundRobin(
      scope,
      running.map(({ host }) => host),
    )}`,
  );
  const stop = new AbortController();
  const clients = Array.from({ length: pushers }, (_, index) => new Pusher(client, `team/app${index}`));
  const working = clients.map((each) => each.work(stop.signal));
  const goOn = (what: string) => {
    const wanted = clients.map(({ pushed }) => pushed.size + eachStep);
    const isReached = () => clients.every(({ pushed }, index) => pushed.size >= (wanted[index] ?? 0));
    return waitUntil(`images are pushed ${what}`, () => isReached() || undefined, 120_000);
  };
  await goOn("by the old version");
  for (const [index, place] of places.entries()) {
    await running[index]?.daemon.stop();
    running[index] = await start(place, next);
    await goOn(index === 0 ? "by both versions" : "by the new version");
  }
  // And back: the old version still reads what the new one has written.
  await running[0]?.daemon.stop();
  running[0] = await start(places[0] ?? assert.fail());
  await goOn("by both versions, on the way back");
  stop.abort();
  await Promise.all(working);
  for (const { client: direct } of running) for (const each of clients) await each.check(direct);
  assert.match(running[1]?.daemon.output ?? "", /version=99\.0\.0/);
});
