import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { layout } from "../../src/storage/layout.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { tryCommand } from "../support/command.js";
import { manifestOf, pullWhole, pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { makeBucket, settingsFor, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage, smallImage } from "../support/small-image.js";

const app = parseRepositoryName("team/app");
const tool = parseRepositoryName("library/tool");
const cachedLayer = seededBytes("of a cached image", 300_000);
const layerOf = (text: string) => digestOf(Buffer.from(text));

interface Finding {
  readonly flaw: string;
  readonly isDamage: boolean;
  readonly digest?: Digest;
  readonly tag?: string;
  readonly outcome: string;
  readonly holders: readonly { readonly name: string; readonly images: readonly string[] }[];
}

interface Report {
  readonly ok: boolean;
  readonly damaged: number;
  readonly unlinked?: { readonly blobs: number };
  readonly setAside: { readonly blobs: number };
  readonly findings: readonly Finding[];
}

/** A Berth that holds private images and a cached one in a bucket, and what reaches into that bucket. */
async function startOnBucket(scope: Scope) {
  const store = await startStore(scope, "minio");
  await makeBucket(store, "checked");
  const hub = await FakeUpstream.start(scope);
  hub.store.addImage(tool, [cachedLayer], "3");
  const berth = await startBerth(scope, {
    mode: "hybrid",
    private: { repositories: ["team/**"] },
    proxy: { upstreams: [{ name: "docker.io", url: hub.url }] },
    storage: await storageIn(scope, store, "checked"),
    log: { access: false },
  });
  return { hub, berth, bucket: await S3Driver.open(await settingsFor(scope, store, "checked", "/own")) };
}

async function fsck({ configFile }: BerthProcess, ...flags: string[]) {
  const command = [join(projectRoot, "dist/main.js"), "fsck", "--config", configFile, "--json", ...flags];
  const { code, stdout, stderr } = await tryCommand(process.execPath, command);
  assert.ok(code === 0 || code === 1, stderr);
  const report: Report = JSON.parse(stdout);
  assert.equal(report.ok, code === 0);
  const flaws = report.findings.map(({ flaw, digest, tag }) => `${flaw} ${tag ?? digest ?? ""}`.trim()).sort();
  const outcomes = Object.fromEntries(report.findings.map(({ flaw, outcome }) => [flaw, outcome]));
  const imagesOf = (digest: Digest) =>
    report.findings.find((found) => found.digest === digest)?.holders.flatMap(({ images }) => images);
  return { report, flaws, outcomes, imagesOf };
}

test("everything that can be wrong in a bucket is found, what can be mended is, and private images are named", async (t) => {
  const { hub, berth, bucket } = await startOnBucket(new Scope(t));
  const { client } = berth;
  const texts = ["flipped", "truncated", "emptied", "lost", "unlinked", "torn link"] as const;
  for (const text of texts) await pushSmallImage(client, app, text, { tag: text.replace(" ", "-") });
  const child = smallImage("flipped").descriptor;
  await pushManifest(client, app, manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [child] }), "multi");
  const signature = await pushSmallImage(client, app, "signature", { fields: { subject: child } });
  await pushBlob(client, app, Buffer.from("needed by nothing"));
  await pullWhole(client, tool, "3");
  const whole = await fsck(berth);
  assert.deepEqual([whole.flaws, whole.report.unlinked?.blobs], [[], 0]);

  const put = (key: string, text: string) => bucket.write({ key, content: Buffer.from(text) });
  await put(layout.blob(layerOf("flipped")), "fliqped");
  await put(layout.blob(layerOf("truncated")), "trunc");
  await put(layout.blob(layerOf("emptied")), "");
  await put(layout.blob(digestOf(cachedLayer)), "wrong");
  await bucket.remove(layout.blob(layerOf("lost")));
  await bucket.remove(layout.layer(app, layerOf("unlinked")));
  await put(layout.layerLink(app, layerOf("torn link")), "sha256:12");
  await put(layout.tagLink(app, parseTag("torn")), "");
  await put(layout.tagLink(app, parseTag("nowhere")), layerOf("never pushed"));
  await put(layout.tagHistoryLink(app, parseTag("begun"), child.digest), child.digest);
  await bucket.remove(layout.referrer(app, child.digest, signature.descriptor.digest));
  await put(layout.referrersWhole(app), "whole");
  await put(layout.referrer(app, child.digest, layerOf("no manifest")), "{}");
  await bucket.remove(layout.layer(app, layerOf("needed by nothing")));
  await put(`${layout.repositories}/Not-A-Name/file`, "foreign");

  const expected = [
    `damaged bytes ${layerOf("flipped")}`,
    `damaged bytes ${layerOf("truncated")}`,
    `damaged bytes ${layerOf("emptied")}`,
    `damaged bytes ${digestOf(cachedLayer)}`,
    `damaged link ${layerOf("torn link")}`,
    "damaged tag torn",
    "dangling tag nowhere",
    `dangling referrer ${layerOf("no manifest")}`,
    "empty tag begun",
    "foreign folder",
    `missing bytes ${layerOf("lost")}`,
    `missing link ${layerOf("unlinked")}`,
    `missing referrer ${signature.descriptor.digest}`,
  ].sort();
  const [looked, fast, one] = await Promise.all([fsck(berth), fsck(berth, "--fast"), fsck(berth, tool)]);
  assert.deepEqual(looked.flaws, expected);
  assert.equal(looked.report.unlinked?.blobs, 2);
  assert.deepEqual(looked.imagesOf(layerOf("flipped")), ["team/app:flipped", "team/app:multi"]);
  assert.deepEqual(looked.imagesOf(layerOf("lost")), ["team/app:lost"]);
  // Only a hash tells a byte that was flipped.
  assert.deepEqual(
    fast.flaws,
    expected.filter((flaw) => !flaw.includes(layerOf("flipped"))),
  );
  assert.deepEqual(one.flaws, [`damaged bytes ${digestOf(cachedLayer)}`]);

  const repaired = await fsck(berth, "--repair");
  assert.deepEqual(repaired.flaws, expected);
  assert.deepEqual(repaired.report.setAside, { ...repaired.report.setAside, blobs: 4 });
  const { "damaged link": link, "missing referrer": referrer, "dangling referrer": record } = repaired.outcomes;
  assert.deepEqual([link, referrer, record], ["written again", "written again", "removed"]);
  await hub.stop();
  assert.ok((await pullWhole(client, tool, "3")).includes(digestOf(cachedLayer)));
  const left = await fsck(berth);
  assert.equal(left.imagesOf(layerOf("truncated"))?.[0], "team/app:truncated");
  assert.equal(
    left.report.findings.some(({ flaw }) => flaw === "damaged bytes"),
    false,
  );

  for (const text of texts) await pushSmallImage(client, app, text, { tag: text.replace(" ", "-") });
  for (const tag of ["torn", "nowhere"]) await pushManifest(client, app, smallImage("flipped"), tag);
  const healed = await fsck(berth);
  assert.deepEqual(
    healed.report.findings.filter(({ isDamage }) => isDamage),
    [],
  );
});
