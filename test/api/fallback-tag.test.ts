import { strict as assert } from "node:assert";
import { test } from "node:test";
import { listTags } from "../support/content.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const name = "team/app";

/** The digests in the index under a subject's fallback tag; `undefined` without such a tag. */
async function listed(client: RegistryClient, subject: string): Promise<string[] | undefined> {
  const answer = await client.get(`/v2/${name}/manifests/${subject.replace(":", "-")}`);
  if (answer.status === 404) return undefined;
  const { manifests } = JSON.parse(answer.body.toString());
  return manifests.map(({ digest }: { digest: string }) => digest).sort();
}

test("referrers of an image are listed by its fallback tag, as clients of registry:2 expect", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t), { private: { referrersTag: true } });
  const image = await pushSmallImage(client, name, "image", { tag: "v1" });
  const subject = image.descriptor;
  assert.equal(await listed(client, subject.digest), undefined);
  const fields = (kind: string) => ({ subject, artifactType: `application/vnd.example.${kind}` });
  const texts = ["signature", "sbom", "provenance", "scan"];
  const referrers = await Promise.all(
    texts.map((text) => pushSmallImage(client, name, text, { fields: fields(text) })),
  );
  const digests = referrers.map(({ descriptor }) => descriptor.digest).sort();
  assert.deepEqual(await listed(client, subject.digest), digests, "including concurrent pushes");
  const [gone = "", ...rest] = digests;
  assert.equal((await client.request("DELETE", `/v2/${name}/manifests/${gone}`)).status, 202);
  assert.deepEqual(await listed(client, subject.digest), rest);
  for (const digest of rest) await client.request("DELETE", `/v2/${name}/manifests/${digest}`);
  assert.equal(await listed(client, subject.digest), undefined);
});

test("without the setting, no such tag is created", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const image = await pushSmallImage(client, name, "image", { tag: "v1" });
  await pushSmallImage(client, name, "signature", { fields: { subject: image.descriptor } });
  assert.deepEqual(await listTags(client, name), ["v1"]);
});

test("a tag of that name that someone else pushed is left alone", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { referrersTag: true } });
  const image = await pushSmallImage(client, name, "image");
  const tag = image.descriptor.digest.replace(":", "-");
  const own = await pushSmallImage(client, name, "own", { tag });
  await pushSmallImage(client, name, "signature", { fields: { subject: image.descriptor } });
  const answer = await client.head(`/v2/${name}/manifests/${tag}`);
  assert.equal(answer.headers["docker-content-digest"], own.descriptor.digest);
});
