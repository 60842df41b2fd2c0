import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { StorageError } from "../../src/oci/storage-error.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import type { S3Settings } from "../../src/storage/drivers/s3/s3-settings.js";
import { freePort } from "../support/free-port.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { type AskedOfStore, refusal, startOddStore } from "../support/object-stores/odd-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";

/** What a start with a store says that answers the first listing with an error. */
async function sentenceFor(t: TestContext, status: number, code: string): Promise<string> {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  store.faults.add(/list-type/, { kind: "status", status, code }, 10);
  return sentenceOf(await settingsFor(scope, store, "images"));
}

async function sentenceOf(settings: S3Settings): Promise<string> {
  try {
    await S3Driver.open(settings);
  } catch (error) {
    assert.ok(error instanceof StorageError, String(error));
    return error.message;
  }
  return "it started";
}

const causes: readonly (readonly [number, string, RegExp])[] = [
  [404, "NoSuchBucket", /^storage\.s3\.bucket: there is no bucket images at http:\S+: create it/],
  [403, "AccessDenied", /^storage\.s3: these keys may not list bucket images .*s3:ListBucket/],
  [403, "InvalidAccessKeyId", /^storage\.s3\.accessKeyId: .* does not know this key/],
  [403, "SignatureDoesNotMatch", /^storage\.s3\.secretAccessKey: /],
  [400, "ExpiredToken", /^storage\.s3\.sessionToken: .* has expired/],
  [403, "RequestTimeTooSkewed", /^the clock of this machine differs too much .* NTP/],
];

for (const [status, code, sentence] of causes) {
  test(`s3: a start that meets ${code} names the setting and says what to do`, async (t) => {
    assert.match(await sentenceFor(t, status, code), sentence);
  });
}

test("s3: a start in the wrong region names the right one", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const elsewhere = { kind: "status", status: 400, code: "AuthorizationHeaderMalformed", region: "eu-west-3" } as const;
  store.faults.add(/list-type/, elsewhere);
  const said = await sentenceOf(await settingsFor(scope, store, "images"));
  assert.match(said, /^storage\.s3\.region: bucket images is in eu-west-3, not in us-east-1: set it to eu-west-3/);
});

// AWS answers 307 for hours after a bucket was made.
for (const status of [301, 307])
  test(`s3: a start that is sent to another region (${status}) names that, and does not follow`, async (t) => {
    const scope = new Scope(t);
    const elsewhere = refusal(status, status === 301 ? "PermanentRedirect" : "TemporaryRedirect");
    const headers = { ...elsewhere.headers, "x-amz-bucket-region": "eu-west-3", location: "http://192.0.2.1/images" };
    const odd = await startOddStore(scope, await FakeStore.start(scope), {
      refuses: () => ({ ...elsewhere, headers }),
    });
    assert.match(
      await sentenceOf(await settingsFor(scope, odd, "images")),
      /^storage\.s3\.region: .* set it to eu-west-3/,
    );
  });

test("s3: the clock of the store is used where that of this machine is wrong by an hour", async (t) => {
  const scope = new Scope(t);
  const storeNow = () => Date.now() + 3_600_000;
  const odd = await startOddStore(scope, await FakeStore.start(scope), {
    refuses: ({ path, headers }) => {
      const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(signedAt(path, headers)) ?? [];
      const signed = Date.parse(
        `${date?.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time?.replace(/(..)(..)(..)/, "$1:$2:$3")}Z`,
      );
      if (Math.abs(signed - storeNow()) < 900_000) return undefined;
      const skewed = refusal(403, "RequestTimeTooSkewed");
      return { ...skewed, headers: { ...skewed.headers, date: new Date(storeNow()).toUTCString() } };
    },
    alters: (answer) => ({ ...answer, headers: { ...answer.headers, date: new Date(storeNow()).toUTCString() } }),
  });
  const driver = await S3Driver.open(await settingsFor(scope, odd, "images"));
  const content = Buffer.alloc(1_000_000, "content");
  await driver.write({ key: "key", content });
  const reader = await driver.openRecently("key");
  const read = Buffer.alloc(content.length);
  await reader?.read(read, 0);
  await reader?.close();
  assert.ok(read.equals(content));
});

test("s3: a start without a store says that it cannot be reached", async (t) => {
  const scope = new Scope(t);
  const settings = await settingsFor(scope, { endpoint: `http://127.0.0.1:${await freePort()}` }, "images");
  assert.match(await sentenceOf(settings), /^storage\.s3\.endpoint: the store at http:\S+ cannot be reached/);
});

test("s3: a bucket that may only be read is served, and the log says why nothing can be pushed", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const writer = await S3Driver.open(await settingsFor(scope, store, "images"));
  await writer.write({ key: "a", content: Buffer.from("content") });
  store.faults.add(/^(PUT|POST|DELETE) /, { kind: "status", status: 403, code: "AccessDenied" }, 1000);
  const log = new RecordedLog();
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"), log);
  assert.equal((await driver.read("a"))?.toString(), "content");
  assert.equal(await driver.withLock("any", async () => "had"), "had");
  await (await driver.markWork())();
  assert.match(JSON.stringify(log), /nothing can be pushed/);
});

test("s3: a store whose conditional writes do not hold in a race is used without them, and the log says what that means", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  store.checkConditionsEarly();
  const log = new RecordedLog();
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"), log);
  assert.equal(driver.conditional, undefined);
  assert.match(JSON.stringify(log), /the last writer wins: run one replica on this bucket/);
  assert.equal(await driver.withLock("any", async () => "had"), "had");
});

test("s3: a denial that passes, as beside another replica's start, does not make a bucket read-only", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  store.faults.add(/^PUT .*probe/, { kind: "status", status: 403, code: "AccessDenied" }, 3);
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
  assert.ok(driver.conditional !== undefined);
  await driver.write({ key: "a", content: Buffer.from("content") });
});

/** By a header, or by the query of a presigned address. */
function signedAt(path: string, headers: AskedOfStore["headers"]): string {
  return String(headers["x-amz-date"] ?? new URL(path, "http://store").searchParams.get("X-Amz-Date"));
}
