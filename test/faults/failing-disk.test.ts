import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { soundLayout } from "../support/disk-layout.js";
import { type DiskFault, FailingDisk } from "../support/failing-disk.js";
import { faultSeconds, faultSeed } from "../support/fault-settings.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { emptyConfig, pushSmallImage, smallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const clients = 4;
const faults: readonly DiskFault[] = [
  { code: "EIO", often: 8 },
  { code: "ENOSPC", often: 8 },
  // Node has no names for these two.
  { code: "EDQUOT", often: 8 },
  { code: "ESTALE", often: 8 },
  { code: "EMFILE", often: 8 },
  { code: "EROFS", often: 8 },
];

for (const fault of faults) {
  test(`a disk that fails now and then with ${fault.code} loses nothing that was acknowledged`, async (t) => {
    t.diagnostic(`seed ${faultSeed}`);
    const scope = new Scope(t);
    const root = await scope.folder("data");
    const disk = await FailingDisk.create(scope, root, faultSeed);
    const berth = await startBerth(scope, { root, env: disk.environment, log: { access: false } });
    await pushSmallImage(berth.client, "team/before", "before", { tag: "v1" });
    await disk.fail(fault);
    const all = Array.from({ length: clients }, (): Pushed => ({ acknowledged: [], failed: 0 }));
    const isShown = () => all.some(({ failed }) => failed > 0) && all.some((each) => each.acknowledged.length > 0);
    const until = AbortSignal.timeout(faultSeconds(4) * 1_000);
    const atMost = AbortSignal.timeout(faultSeconds(60) * 1_000);
    const isOver = () => (until.aborted && isShown()) || atMost.aborted;
    await Promise.all(all.map((pushed, id) => pushUntil(berth, isOver, `client-${id}`, pushed)));
    await disk.fail(undefined);
    assert.ok(berth.daemon.isRunning, berth.daemon.output);
    const failures = all.reduce((sum, { failed }) => sum + failed, 0);
    const texts = all.flatMap(({ acknowledged }) => acknowledged);
    t.diagnostic(`${texts.length} images acknowledged, ${failures} requests failed`);
    assert.ok(failures > 0 && texts.length > 0, `${failures} failures, ${texts.length} images: nothing was shown`);
    const { images } = await soundLayout(root);
    for (const text of texts) assert.equal(images[`team/app:${text}`], smallImage(text).descriptor.digest);
    for (const text of texts) await pullWhole(berth.client, "team/app", text);
    await pushSmallImage(berth.client, "team/app", "after", { tag: "after" });
    await pullWhole(berth.client, "team/before", "v1");
  });
}

interface Pushed {
  /** Texts of the images, which are their tags too. */
  readonly acknowledged: string[];
  failed: number;
}

/** Pushes images, whatever fails: each failure must be a response that says so. */
async function pushUntil({ client }: BerthProcess, isOver: () => boolean, id: string, pushed: Pushed): Promise<void> {
  for (let number = 0; !isOver(); number++) {
    const text = `${id}-${number}`;
    if (await pushImage(client, text, pushed)) pushed.acknowledged.push(text);
  }
}

async function pushImage(client: RegistryClient, text: string, pushed: Pushed): Promise<boolean> {
  const isFine = (answer: Answer) => {
    if (answer.status < 300) return true;
    assert.ok(answer.status >= 400 && answer.status !== 500, `${answer.status} ${answer.body}`);
    // A body that nobody reads any more may be answered by a cut.
    if (answer.status >= 500) assert.match(answer.body.toString(), /"errors"/);
    pushed.failed++;
    return false;
  };
  for (const bytes of [emptyConfig, Buffer.from(text)]) {
    const started = await client.request("POST", "/v2/team/app/blobs/uploads/").catch(() => undefined);
    if (started === undefined || !isFine(started)) return false;
    const location = String(started.headers.location);
    const target = `${location}${location.includes("?") ? "&" : "?"}digest=${digestOf(bytes)}`;
    const finished = await client.request("PUT", target, { body: bytes }).catch(() => undefined);
    if (finished === undefined || !isFine(finished)) return false;
  }
  const { bytes, descriptor } = smallImage(text);
  const headers = { "content-type": descriptor.mediaType };
  const answer = await client
    .request("PUT", `/v2/team/app/manifests/${text}`, { body: bytes, headers })
    .catch(() => undefined);
  return answer !== undefined && isFine(answer);
}

test("a blob that the disk cannot read is cut off or refused, and never sent wrong", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const disk = await FailingDisk.create(scope, root, faultSeed);
  const { client, daemon } = await startBerth(scope, { root, env: disk.environment });
  const bytes = seededBytes("large", 3_000_000);
  const session = await startUpload(client, "team/app");
  assert.equal((await client.request("PUT", `${session}&digest=${digestOf(bytes)}`, { body: bytes })).status, 201);
  await disk.fail({ code: "EIO", often: 300 });
  let failed = 0;
  for (let pull = 0; pull < 40 || (failed === 0 && pull < 1_000); pull++) {
    const answer = await client.get(`/v2/team/app/blobs/${digestOf(bytes)}`).catch(() => undefined);
    if (answer?.status === 200) assert.equal(digestOf(answer.body), digestOf(bytes));
    else failed++;
  }
  assert.ok(failed > 0, "the disk never failed: nothing was shown");
  await disk.fail(undefined);
  assert.ok(daemon.isRunning, daemon.output);
  const whole = await client.get(`/v2/team/app/blobs/${digestOf(bytes)}`);
  assert.equal(digestOf(whole.body), digestOf(bytes));
});
