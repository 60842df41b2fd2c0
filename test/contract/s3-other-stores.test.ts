// What stores that speak S3 do differently from S3. Each is named with where it was met.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { StorageError } from "../../src/oci/storage-error.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { seededBytes } from "../support/content.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { type Oddity, refusal, startOddStore } from "../support/object-stores/odd-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";

const MiB = 1024 * 1024;

interface Told {
  readonly driver: S3Driver;
  readonly store: FakeStore;
  readonly log: RecordedLog;
}

function story(sentence: string, oddity: Oddity, tell: (told: Told) => Promise<void>): void {
  test(`s3: ${sentence}`, async (t) => {
    const scope = new Scope(t);
    const [store, log] = [await FakeStore.start(scope), new RecordedLog()];
    const odd = await startOddStore(scope, store, oddity);
    // Smaller than S3 allows: what is large is slow, and nothing here depends on it.
    const settings = { ...(await settingsFor(scope, odd, "images")), partSize: MiB };
    const driver = await S3Driver.open(settings, log);
    await tell({ driver, store, log });
  });
}

async function* inPieces(content: Buffer): AsyncIterable<Buffer> {
  for (let start = 0; start < content.length; start += MiB) yield content.subarray(start, start + MiB);
}

async function readAll(driver: S3Driver, key: string): Promise<Buffer> {
  const reader = await driver.openRead(key);
  assert.ok(reader, `${key} is absent`);
  const bytes = Buffer.alloc(reader.size);
  await reader.read(bytes, 0);
  await reader.close();
  return bytes;
}

/** Pushes a blob of three parts, as a client that sends it in one PATCH. */
async function pushInParts(driver: S3Driver): Promise<Buffer> {
  const content = seededBytes("in parts", 2.5 * MiB);
  const staged = driver.staging.at("up/1/data");
  await staged.append(0, inPieces(content));
  await staged.commit("blobs/large");
  return content;
}

// Google Cloud Storage: supabase/storage#898, wal-e#192 (400); others answer 501.
for (const status of [400, 501])
  story(
    `where many objects cannot be removed in one request (${status}), they are removed one by one`,
    { refuses: ({ path }) => (/[?&]delete/.test(path) ? refusal(status, "NotImplemented") : undefined) },
    async ({ driver, store }) => {
      const content = await pushInParts(driver);
      assert.ok((await readAll(driver, "blobs/large")).equals(content));
      assert.deepEqual(store.keys(), ["blobs/large"]);
    },
  );

story(
  "an object that a removal of many could not remove is removed by itself",
  {
    alters: (answer, { path }) =>
      /[?&]delete/.test(path)
        ? withBody(answer, "<DeleteResult><Error><Key>x</Key><Code>InternalError</Code></Error></DeleteResult>")
        : answer,
  },
  async ({ driver, store }) => {
    await pushInParts(driver);
    assert.deepEqual(store.keys(), ["blobs/large"]);
  },
);

// Backblaze B2 (400), others 501.
for (const [status, code] of [
  [400, "InvalidArgument"],
  [501, "NotImplemented"],
] as const)
  story(
    `a store that answers conditions with ${status} ${code} is used without them, and the log says what that means`,
    {
      refuses: ({ headers }) =>
        headers["if-none-match"] === "*" || (headers["if-match"] && headers["content-length"] !== "0")
          ? refusal(status, code, "Unsupported header 'if-none-match' received for this API call.")
          : undefined,
    },
    async ({ driver, log }) => {
      assert.equal(driver.conditional, undefined);
      assert.ok(log.events.some(({ event }) => event.includes("the last writer wins")));
      const content = await pushInParts(driver);
      assert.ok((await readAll(driver, "blobs/large")).equals(content));
    },
  );

test("s3: a store that refuses how objects shall be stored is told of at the start, not by the first push", async (t) => {
  const scope = new Scope(t);
  const odd = await startOddStore(scope, await FakeStore.start(scope), {
    refuses: ({ headers }) =>
      "x-amz-storage-class" in headers ? refusal(400, "InvalidStorageClass", "no such class") : undefined,
  });
  const settings = { ...(await settingsFor(scope, odd, "images")), storageClass: "GLACIAL" };
  await assert.rejects(S3Driver.open(settings), /writing .* failed .*InvalidStorageClass/);
});

// Older Ceph, and gateways that know only the first version of lists.
story(
  "a list that goes on and does not say where is continued after its last name",
  { alters: (answer) => withBody(answer, answer.body.toString().replace(/<Next.*Token>/, "")) },
  async ({ driver, store }) => {
    const names = fill(store, 1_500);
    assert.deepEqual(await driver.list("many"), names);
    const all: string[] = [];
    for await (const { key } of driver.all("many")) all.push(key);
    assert.equal(all.length, 1_500);
  },
);

story(
  "a list that does not get any further is a failure, and neither endless nor the whole",
  {
    refuses: ({ path }) => {
      if (!/list-type.*prefix=many/.test(path)) return undefined;
      const again = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>";
      return withBody(refusal(200, ""), `<ListBucketResult>${entry("many/a")}${again}</ListBucketResult>`);
    },
  },
  async ({ driver }) => {
    await assert.rejects(driver.list("many"), isUnavailable(/does not get any further/));
  },
);

// Consoles of stores make "folders" (distribution#2119): an object whose name ends with a slash.
story("an object that stands for a folder is no name in it", {}, async ({ driver, store }) => {
  store.replace("docker/registry/v2/repositories/", Buffer.alloc(0));
  store.replace("docker/registry/v2/repositories/app/", Buffer.alloc(0));
  await driver.write({ key: "docker/registry/v2/repositories/app/_manifests/x", content: Buffer.from("x") });
  assert.deepEqual(await driver.list("docker/registry/v2/repositories"), ["app"]);
  assert.deepEqual(await driver.list("docker/registry/v2/repositories/app"), ["_manifests"]);
});

story(
  "an answer without a length is read to its end",
  { alters: (answer, { method }) => (method === "GET" ? without(answer, "content-length") : answer) },
  async ({ driver }) => {
    await driver.write({ key: "small", content: Buffer.from("content") });
    assert.equal((await driver.read("small"))?.toString(), "content");
    const content = await pushInParts(driver);
    assert.ok((await readAll(driver, "blobs/large")).equals(content));
  },
);

story(
  "an object whose size the store does not tell is not taken for an empty one",
  {
    alters: (answer, { method, path }) =>
      method === "HEAD" && path.includes("sizeless") ? without(answer, "content-length") : answer,
  },
  async ({ driver }) => {
    await driver.write({ key: "sizeless", content: Buffer.from("content") });
    await assert.rejects(driver.stat("sizeless"), isUnavailable(/did not tell the size/));
  },
);

// Proxies that compress weaken the ETag, and some stores leave the quotes out of some answers.
for (const [what, altered] of [
  ["weak", (etag: string) => `W/${etag}`],
  ["unquoted", (etag: string) => etag.replaceAll('"', "")],
] as const)
  story(
    `a version that a read tells as ${what} is the one that a write has told`,
    {
      alters: (answer, { method }) =>
        method !== "PUT" && answer.headers.etag !== undefined
          ? { ...answer, headers: { ...answer.headers, etag: altered(answer.headers.etag) } }
          : answer,
    },
    async ({ driver }) => {
      const content = seededBytes("pieces", 3 * MiB);
      const staged = () => driver.staging.at("up/2/data");
      await staged().append(0, inPieces(content.subarray(0, MiB)));
      await staged().append(MiB, inPieces(content.subarray(MiB, 2 * MiB)));
      const last = staged();
      await last.append(2 * MiB, inPieces(content.subarray(2 * MiB)));
      await last.commit("blobs/pieces");
      assert.ok((await readAll(driver, "blobs/pieces")).equals(content));
      await driver.withLock("anything", async () => {});
    },
  );

// A proxy in front of the store.
for (const status of [502, 503, 413, 404])
  story(
    `a page of a proxy (${status}) in place of an answer is a failure that names the status`,
    {
      refuses: ({ path }) =>
        path.includes("proxied")
          ? { ...withBody(refusal(status, ""), "<html><body><center>nginx<br></center></body></html>"), status }
          : undefined,
    },
    async ({ driver }) => {
      const named = isUnavailable(new RegExp(String(status)));
      await assert.rejects(driver.write({ key: "proxied", content: Buffer.from("x") }), named);
      await assert.rejects(driver.read("proxied"), named);
    },
  );

// A lifecycle rule may move objects to an archive: they are listed, and cannot be read.
story(
  "an object in an archive is a failure that says so, and not absent",
  {
    refuses: ({ method, path }) =>
      method === "GET" && path.includes("archived")
        ? refusal(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
        : undefined,
  },
  async ({ driver }) => {
    await driver.write({ key: "archived", content: Buffer.from("x") });
    await assert.rejects(driver.read("archived"), isUnavailable(/InvalidObjectState.*storage class/));
    await assert.rejects(driver.openRead("archived"), isUnavailable(/InvalidObjectState/));
  },
);

// Cloudflare R2 (zot#2142).
story(
  "a store that wants equal parts is a failure that names the setting",
  {
    refuses: ({ method, path }) =>
      method === "POST" && path.includes("uploadId")
        ? refusal(400, "InvalidPart", "All non-trailing parts must have the same length.")
        : undefined,
  },
  async ({ driver, store }) => {
    await assert.rejects(pushInParts(driver), isUnavailable(/storage\.s3\.equalParts/));
    assert.deepEqual(store.openUploads, []);
  },
);

function isUnavailable(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StorageError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

function fill(store: FakeStore, count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, index) => `n${String(index).padStart(4, "0")}`);
  for (const name of names) store.replace(`many/${name}`, Buffer.from("x"));
  return names;
}

function entry(key: string): string {
  return `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`;
}

function without(answer: ReturnType<typeof refusal>, name: string) {
  const { [name]: _, ...headers } = answer.headers;
  return { ...answer, headers };
}

function withBody(answer: ReturnType<typeof refusal>, text: string) {
  const body = Buffer.from(text);
  return { ...answer, headers: { ...answer.headers, "content-length": String(body.length) }, body };
}
