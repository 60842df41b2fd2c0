import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { digestOf } from "../../src/oci/digest.js";
import { linuxOn } from "../../src/oci/platform.js";
import { type CommandResult, tryCommand } from "../support/command.js";
import { seededBytes } from "../support/content.js";
import { Daemon } from "../support/daemon.js";
import type { StoredImage } from "../support/fake-upstream/content-store.js";
import { stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { storageAt } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const here = linuxOn(process.arch).architecture;
const elsewhere = here === "s390x" ? "amd64" : "s390x";

interface Kitchen {
  readonly scope: Scope;
  readonly fake: FakeUpstream;
  readonly folder: string;
  readonly root: string;
  readonly configFile: string;
  warm(args: readonly string[], input?: string): Promise<CommandResult>;
}

/** An upstream for both docker.io and ghcr.io, and a cache of it that no one serves yet. */
async function prepare(t: TestContext): Promise<Kitchen> {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const folder = await scope.folder("warm");
  const root = join(folder, "data");
  const configFile = join(folder, "berth.yml");
  const upstreams = [
    { name: "docker.io", url: fake.url },
    { name: "ghcr.io", prefix: "github.mirror", url: fake.url },
  ];
  // JSON is YAML.
  await writeFile(
    configFile,
    JSON.stringify({ mode: "proxy", storage: { filesystem: { root } }, proxy: { upstreams } }),
  );
  const warm = (args: readonly string[], input = "") =>
    tryCommand(process.execPath, [main, "cache", "warm", ...args], { cwd: folder, input });
  return { scope, fake, folder, root, configFile, warm };
}

/** An index of two images, one for this machine's processor. */
function addIndex(fake: FakeUpstream, name: string): { readonly local: StoredImage; readonly foreign: StoredImage } {
  const [local, foreign] = [here, elsewhere].map((architecture) => {
    const image = fake.store.addImage(name, [seededBytes(`${name} ${architecture}`, 300_000)]);
    return { ...image, descriptor: { ...image.descriptor, platform: { os: "linux", architecture } } };
  });
  assert.ok(local && foreign);
  fake.store.addIndex(name, [local, foreign], "latest");
  return { local, foreign };
}

/** What a pull of an image would request. */
function pathsOf(name: string, { descriptor, config, layers }: StoredImage): string[] {
  const blobs = [config, ...layers].map(({ digest }) => `/v2/${name}/blobs/${digest}`);
  return [`/v2/${name}/manifests/${descriptor.digest}`, ...blobs];
}

test("a warmed image can be pulled when the upstream is gone, by its index, for this machine's processor", async (t) => {
  const { scope, fake, root, warm } = await prepare(t);
  const { local, foreign } = addIndex(fake, "library/alpine");
  const { code, stdout, stderr } = await warm(["alpine"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^alpine: [0-9a-f]{12} 300\.0 kB in \d/m);
  assert.match(stdout, /^1 image is cached: 30\d\.\d kB downloaded, 0 B cached before, \d/m);
  await fake.stop();
  const { client } = await runProxy(scope, fake.url, { root });
  for (const path of ["/v2/library/alpine/manifests/latest", ...pathsOf("library/alpine", local)]) {
    assert.equal((await client.get(path)).status, 200, path);
  }
  const [otherManifest = ""] = pathsOf("library/alpine", foreign);
  assert.equal((await client.get(otherManifest)).status, 503);
});

test("--platform and --all-platforms choose the images of an index", async (t) => {
  const { fake, warm } = await prepare(t);
  const { local, foreign } = addIndex(fake, "library/alpine");
  const asked = () => fake.ledger.entries({ kind: "blob" }).map(({ request }) => request.reference);
  assert.equal((await warm(["alpine", "--platform", `linux/${elsewhere}`])).code, 0);
  assert.deepEqual(asked().sort(), [foreign.config, ...foreign.layers].map(({ digest }) => digest).sort());
  fake.ledger.clear();
  assert.equal((await warm(["alpine", "--all-platforms"])).code, 0);
  // The two share their config.
  assert.deepEqual(
    asked(),
    local.layers.map(({ digest }) => digest),
  );
});

test("a missing platform is reported, and what the image has is downloaded", async (t) => {
  const { fake, warm } = await prepare(t);
  addIndex(fake, "library/alpine");
  const { code, stderr } = await warm(["alpine", "--platform", `linux/${here},linux/mips`]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^ {2}alpine: there is no image for linux/mips, only for linux/${here}, linux/${elsewhere}$`, "m"),
  );
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2);
});

test("a second run sends nothing to the upstream", async (t) => {
  const { fake, warm } = await prepare(t);
  addIndex(fake, "library/alpine");
  await warm(["alpine"]);
  fake.ledger.clear();
  const { code, stdout } = await warm(["docker.io/library/alpine:latest"]);
  assert.equal(code, 0);
  assert.match(stdout, /^1 image is cached: 0 B downloaded, 30\d\.\d kB cached before, /m);
  assert.equal(fake.ledger.count(), 0);
});

test("warming an image again counts as a use, so that it is not evicted first", async (t) => {
  const { fake, configFile, warm } = await prepare(t);
  addIndex(fake, "library/alpine");
  await warm(["alpine"]);
  const again = new Date().toISOString();
  await warm(["alpine"]);
  const list = [main, "cache", "ls", "--json", "--config", configFile];
  const [image] = JSON.parse((await tryCommand(process.execPath, list)).stdout);
  assert.ok(image.lastUse >= again, `${image.lastUse} is before ${again}`);
});

test("if the cache is too large after warming, the least recently used images are evicted before the command ends", async (t) => {
  const { fake, configFile, root, warm } = await prepare(t);
  const config = JSON.parse(await readFile(configFile, "utf8"));
  await writeFile(configFile, JSON.stringify({ ...config, proxy: { ...config.proxy, maxSize: "1MiB" } }));
  const [first, second] = ["first", "second"].map((name) =>
    fake.store.addImage(`library/${name}`, [seededBytes(name, 700_000)], "latest"),
  );
  for (const name of ["first", "second"]) assert.equal((await warm([name])).stderr, "");
  const { storage } = await storageAt(root);
  const sizeOf = (image?: StoredImage) => image?.layers[0] && storage.blobs.size(image.layers[0].digest);
  assert.deepEqual([await sizeOf(first), await sizeOf(second)], [undefined, 700_000]);
});

test("names mean what they mean to the registry: by host, by prefix, by digest", async (t) => {
  const { scope, fake, root, warm } = await prepare(t);
  const image = fake.store.addImage("owner/image", [seededBytes("layer", 200_000)]);
  const { digest } = image.descriptor;
  const { code, stdout } = await warm([`ghcr.io/owner/image@${digest}`, `github.mirror/owner/image:1@${digest}`]);
  assert.equal(code, 0, stdout);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2);
  await fake.stop();
  const names = { name: "ghcr.io", prefix: "github.mirror", namespaces: ["ghcr.io"], isDefault: false };
  const { client } = await runProxy(scope, fake.url, { root, ...names });
  for (const path of pathsOf("github.mirror/owner/image", image))
    assert.equal((await client.get(path)).status, 200, path);
});

test("in hybrid mode a private name is not downloaded, and the command says what to write instead", async (t) => {
  const { fake, configFile, warm } = await prepare(t);
  addIndex(fake, "library/alpine");
  await writeFile(configFile, (await readFile(configFile, "utf8")).replace('"proxy"', '"hybrid"'));
  const { code, stdout, stderr } = await warm(["alpine", "docker.io/alpine"]);
  assert.equal(code, 1);
  assert.match(stderr, /^ {2}alpine: .* private here, .* docker\.io\/library\/alpine$/m);
  assert.match(stdout, /^docker\.io\/alpine: 30\d\.\d kB downloaded/m);
});

test("a blob that two images need at the same time is downloaded once, and both have it afterwards", async (t) => {
  const { scope, fake, root, warm } = await prepare(t);
  const layers = [seededBytes("shared", 300_000)];
  const images = ["library/one", "library/two"].map(
    (name) => [name, fake.store.addImage(name, layers, "latest")] as const,
  );
  fake.throttle.bytesPerSecond = 400_000;
  const { code, stdout } = await warm(["one", "two"]);
  assert.equal(code, 0, stdout);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2);
  await fake.stop();
  const { client } = await runProxy(scope, fake.url, { root });
  for (const path of images.flatMap(([name, image]) => pathsOf(name, image))) {
    assert.equal((await client.get(path)).status, 200, path);
  }
});

test("a list has one image per line, comments and blank lines; - is standard input", async (t) => {
  const { fake, folder, warm } = await prepare(t);
  for (const name of ["library/one", "library/two", "owner/three"])
    fake.store.addImage(name, [seededBytes(name, 100)], "1");
  const list = "# what CI needs\r\none:1\r\n\n  two:1  # the second\nghcr.io/owner/three:1\none:1\n";
  await writeFile(join(folder, "images.txt"), list);
  const fromFile = await warm(["--file", "images.txt"]);
  assert.match(fromFile.stdout, /^3 images are cached: /m, fromFile.stderr);
  const fromInput = await warm(["--file", "-"], list);
  assert.match(fromInput.stdout, /^3 images are cached: 0 B downloaded, /m, fromInput.stderr);
});

test("a list that is too large is told so, from a file and from standard input", async (t) => {
  const { folder, warm } = await prepare(t);
  const large = "a\n".repeat(10_000_000);
  await writeFile(join(folder, "images.txt"), large);
  const reason = "cannot be read: it is larger than 16.8 MB, the most that is read\n";
  assert.equal((await warm(["--file", "images.txt"])).stderr, `berth: images.txt ${reason}`);
  assert.equal((await warm(["--file", "-"], large)).stderr, `berth: standard input ${reason}`);
});

test("all invalid lines of a list are reported together, with their numbers, before anything is downloaded", async (t) => {
  const { fake, folder, warm } = await prepare(t);
  await writeFile(join(folder, "images.txt"), "alpine\nUPPER\n\nalpine latest\nquay.io/app\nalpine@sha256:12\n");
  const { code, stdout, stderr } = await warm(["alpine:", "--file", "images.txt"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.deepEqual(
    stderr.split("\n").map((line) => line.replace(/("): .*/, "$1")),
    [
      "berth: nothing was downloaded, since these images cannot be",
      '  "alpine:"',
      '  images.txt:2: "UPPER"',
      '  images.txt:4: "alpine latest"',
      '  images.txt:5: "quay.io/app"',
      '  images.txt:6: "alpine@sha256:12"',
      "",
    ],
  );
  assert.match(stderr, /"quay\.io\/app": app belongs to no upstream of this registry: .*quay\.io/);
  assert.equal(fake.ledger.count(), 0);
});

test("one image that fails does not keep the others from being downloaded, and is reported at the end", async (t) => {
  const { fake, warm } = await prepare(t);
  const broken = fake.store.addImage(
    "library/broken",
    [seededBytes("broken", 1000), seededBytes("whole", 1000)],
    "latest",
  );
  fake.store.addImage("library/good", [seededBytes("good", 1000)], "latest");
  const gone = broken.layers[0]?.digest;
  assert.ok(gone);
  fake.store.removeBlob("library/broken", gone);
  const { code, stdout, stderr } = await warm(["missing", "broken", "good"]);
  assert.equal(code, 1);
  assert.match(stdout, /^broken: incomplete, 1\.\d kB downloaded/m);
  assert.match(stdout, /^1 image is cached: /m);
  assert.match(
    stderr,
    /^berth: 2 images are incomplete\n {2}missing: docker\.io has no .+ library\/missing\n {2}broken: docker\.io has no blob sha256:.+\n$/m,
  );
});

test("what arrived before Ctrl-C is kept, and the same command resumes there", async (t) => {
  const { scope, fake, root, configFile, warm } = await prepare(t);
  const image = fake.store.addImage("library/large", [seededBytes("large", 3_000_000)], "latest");
  const digest = image.layers[0]?.digest ?? "";
  const isFluent = fake.faults.add({ kind: "blob", reference: digest }, stallAt(2_000_000));
  const daemon = new Daemon(scope, process.execPath, [main, "cache", "warm", "large", "--config", configFile]);
  const part = join(root, ".berth/downloads", digest.replace(":", "-"), "data");
  await daemon.ready(async () => ((await sizeOf(part)) > 0 ? true : undefined));
  daemon.signal("SIGINT");
  assert.deepEqual(await daemon.exited, { code: 1, signal: undefined });
  assert.match(daemon.output, /stopped; what arrived stays, and the same command resumes there/);
  const left = await sizeOf(part);
  isFluent();
  fake.ledger.clear();
  const { code, stdout } = await warm(["large"]);
  assert.equal(code, 0);
  assert.match(stdout, /resumed after \d.*$/m);
  assert.equal(fake.ledger.bytes({ kind: "blob", reference: digest }), 3_000_000 - left);
});

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

test("a server on the same data and the command share one download", async (t) => {
  const { scope, fake, root, warm } = await prepare(t);
  const image = fake.store.addImage("library/large", [seededBytes("large", 3_000_000)], "latest");
  const digest = image.layers[0]?.digest ?? "";
  const { client } = await runProxy(scope, fake.url, { root });
  fake.throttle.bytesPerSecond = 1_500_000;
  const pulled = client.get(`/v2/library/large/blobs/${digest}`);
  await waitUntil("the server downloads", () => fake.ledger.count({ kind: "blob" }) > 0 || undefined);
  const [{ code, stderr }, { body }] = await Promise.all([warm(["large"]), pulled]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(body, seededBytes("large", 3_000_000));
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET", reference: digest }), 1);
});

test("--quiet prints only errors", async (t) => {
  const { fake, warm } = await prepare(t);
  fake.store.addImage("library/good", [seededBytes("good", 1000)], "latest");
  assert.deepEqual(await warm(["good", "--quiet"]), { code: 0, stdout: "", stderr: "" });
  const { code, stdout, stderr } = await warm(["missing", "--quiet"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /missing: docker\.io has no /);
});

test("without a cache, or with one in memory, the command says so", async (t) => {
  const { configFile, warm } = await prepare(t);
  await writeFile(configFile, "mode: private\n");
  assert.match((await warm(["alpine"])).stderr, /^berth: mode: private has no cache; set mode: proxy or hybrid/);
  await writeFile(configFile, "mode: proxy\nstorage: { driver: memory }\n");
  assert.match((await warm(["alpine"])).stderr, /^berth: storage\.driver is memory, which is lost/);
});

test("a wrong command line is reported before anything is read", async (t) => {
  const { warm } = await prepare(t);
  const wrong = [
    [],
    ["a", "--platform", "amd64"],
    ["a", "--concurrency", "0"],
    ["a", "--all-platforms", "--platform", "linux/amd64"],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await warm(args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^error: .+\n/);
  }
});

test("the blobs in an index, as in BuildKit's cache, are warmed", async (t) => {
  const { fake, warm } = await prepare(t);
  const layer = fake.store.addBlob("team/cache", seededBytes("layer", 50_000));
  const config = fake.store.addBlob("team/cache", Buffer.from("{}"), "application/vnd.buildkit.cacheconfig.v0");
  const index = { mediaType: "application/vnd.oci.image.index.v1+json", manifests: [layer, config] };
  fake.store.addManifest("team/cache", index, "main");
  const { code, stdout, stderr } = await warm(["team/cache:main"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^1 image is cached: 50\.\d kB downloaded/m);
});

test("a blob that the manifest contains too need not be at the upstream; any other must", async (t) => {
  const { fake, warm } = await prepare(t);
  const layer = fake.store.addBlob("team/artifact", seededBytes("layer", 50_000));
  const empty = Buffer.from("{}");
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: empty.length };
  const artifact = { mediaType: "application/vnd.oci.image.manifest.v1+json", layers: [layer] };
  fake.store.addManifest("team/artifact", { ...artifact, config: { ...config, data: empty.toString("base64") } }, "1");
  fake.store.addManifest("team/artifact", { ...artifact, config }, "2");
  const { code, stdout, stderr } = await warm(["team/artifact:1"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^1 image is cached: 50\.\d kB downloaded/m);
  const missing = await warm(["team/artifact:2"]);
  assert.equal(missing.code, 1, missing.stdout);
  assert.ok(`${missing.stdout}${missing.stderr}`.includes(config.digest));
});
