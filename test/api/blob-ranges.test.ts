import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { type RunningBerth, runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

/** Large enough to be read from the disk in pieces. */
const bytes = seededBytes("layer", 300_000);
const digest = digestOf(bytes);
const target = `/v2/team/app/blobs/${digest}`;

async function start(t: ConstructorParameters<typeof Scope>[0]): Promise<RunningBerth> {
  const berth = await runBerthOnDisk(new Scope(t));
  await pushBlob(berth.client, "team/app", bytes);
  return berth;
}

for (const [range, first, last] of [
  ["bytes=0-0", 0, 0],
  ["bytes=500-1499", 500, 1499],
  ["bytes=0-", 0, 299_999],
  ["bytes=299999-", 299_999, 299_999],
  ["bytes=-500", 299_500, 299_999],
  ["bytes=-400000", 0, 299_999],
  ["bytes=299000-5000000", 299_000, 299_999],
  ["bytes=65536-196607", 65_536, 196_607],
  ["bytes= 10-19", 10, 19],
] as const) {
  test(`Range: ${range} gets bytes ${first} to ${last}`, async (t) => {
    const { client } = await start(t);
    const answer = await client.get(target, { range });
    assert.equal(answer.status, 206);
    assert.equal(answer.headers["content-range"], `bytes ${first}-${last}/300000`);
    assert.equal(answer.headers["content-length"], String(last - first + 1));
    assert.ok(answer.body.equals(bytes.subarray(first, last + 1)));
  });
}

for (const range of ["bytes=300000-", "bytes=300000-300001", "bytes=1000000-2000000", "bytes=-0"]) {
  test(`Range: ${range} has no byte of the blob, and the response gives the size`, async (t) => {
    const { client } = await start(t);
    const answer = await client.get(target, { range });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers["content-range"], "bytes */300000");
    assert.equal(answer.headers["content-type"], "application/json");
  });
}

for (const range of [
  "bytes=500-0",
  "bytes=abc",
  "bytes=",
  "bytes=-",
  "bytes",
  "items=0-1",
  "bytes=0-1,5-6",
  "bytes=0x10-20",
  "bytes=1e1-20",
  "bytes=1.5-20",
  "bytes=--5",
  "bytes=0-9999999999999999999999999",
  `bytes=${"0-1,".repeat(2000)}5-6`,
]) {
  test(`Range: ${range.slice(0, 40)} never gets a wrong byte`, async (t) => {
    const { client } = await start(t);
    const answer = await client.get(target, { range });
    if (answer.status === 416) return assert.equal(answer.headers["content-range"], "bytes */300000");
    if (answer.status === 206) return assert.ok(answer.body.equals(bytes));
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(bytes));
  });
}

test("a request for several parts gets the whole", async (t) => {
  const { client } = await start(t);
  const answer = await client.get(target, { range: "bytes=0-9,20-29" });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.length, bytes.length);
});

test("a range counts only as long as If-Range matches the content", async (t) => {
  const { client } = await start(t);
  for (const [condition, status] of [
    [`"${digest}"`, 206],
    ['"other"', 200],
    [`W/"${digest}"`, 200],
    ["Wed, 21 Oct 2015 07:28:00 GMT", 200],
  ] as const) {
    const answer = await client.get(target, { range: "bytes=10-19", "if-range": condition });
    assert.equal(answer.status, status, condition);
    assert.equal(answer.body.length, status === 206 ? 10 : bytes.length, condition);
  }
});

test("an interrupted pull resumes where it stopped", async (t) => {
  const { client } = await start(t);
  const opened = await client.open("GET", target);
  const first: Buffer[] = [];
  for await (const chunk of opened.stream) {
    first.push(chunk);
    break;
  }
  const begun = Buffer.concat(first);
  assert.ok(begun.length > 0 && begun.length < bytes.length);
  const rest = await client.get(target, { range: `bytes=${begun.length}-`, "if-range": `"${digest}"` });
  assert.equal(rest.status, 206);
  assert.ok(Buffer.concat([begun, rest.body]).equals(bytes));
});

test("a range of an empty blob returns all of it, which is nothing", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, "team/app", Buffer.alloc(0));
  const empty = `/v2/team/app/blobs/${digestOf(Buffer.alloc(0))}`;
  for (const range of ["bytes=0-", "bytes=0-0", "bytes=-1"]) {
    const answer = await client.get(empty, { range });
    assert.equal(answer.status, 200, range);
    assert.equal(answer.headers["content-length"], "0");
  }
});

test("HEAD describes the whole blob, whatever the range", async (t) => {
  const { client } = await start(t);
  const answer = await client.head(target, { range: "bytes=0-9" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-length"], "300000");
});

test("a part is not sent to a client that has the whole", async (t) => {
  const { client } = await start(t);
  const answer = await client.get(target, { range: "bytes=0-9", "if-none-match": `"${digest}"` });
  assert.equal(answer.status, 304);
});
