import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob } from "../support/content.js";
import { EventReceiver } from "../support/event-receiver.js";
import { runNotifying } from "../support/notifying-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

test("a push is told in the distribution registry's envelope, blobs first, each with its facts", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url });
  const { descriptor } = await pushSmallImage(client, "team/app", "layer", { tag: "1.0" });
  await receiver.received(3);
  assert.deepEqual(
    receiver.events.map(({ action, target }) => [action, target.repository, target.tag]),
    [
      ["push", "team/app", undefined],
      ["push", "team/app", undefined],
      ["push", "team/app", "1.0"],
    ],
  );
  const { target, request } = receiver.events[2] ?? {};
  const { mediaType, digest, size, length, url } = target ?? {};
  assert.deepEqual(
    [mediaType, digest, size, length],
    [descriptor.mediaType, descriptor.digest, descriptor.size, descriptor.size],
  );
  assert.match(url ?? "", /^http:\/\/127\.0\.0\.1:\d+\/v2\/team\/app\/manifests\/sha256:/);
  assert.equal(request?.method, "PUT");
  const [first] = receiver.requests;
  assert.equal(first?.headers["content-type"], "application/vnd.docker.distribution.events.v2+json");
});

test("a tag that moves tells where it pointed, and deletions what is gone", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url });
  const first = await pushSmallImage(client, "app", "one", { tag: "latest" });
  const second = await pushSmallImage(client, "app", "two", { tag: "latest" });
  await client.request("DELETE", "/v2/app/manifests/latest");
  await client.request("DELETE", `/v2/app/manifests/${first.descriptor.digest}`);
  await client.request("DELETE", `/v2/app/blobs/${digestOf(Buffer.from("one"))}`);
  await waitUntil(
    "all are told",
    () => receiver.events.filter(({ action }) => action === "delete").length === 3 || undefined,
  );
  const layer = "application/octet-stream";
  const ofInterest = receiver.events.filter(({ action, target }) => action === "delete" || target.mediaType !== layer);
  const told = ofInterest.map(({ action, target: { tag, digest, previousDigest } }) => [
    action,
    tag,
    digest,
    previousDigest,
  ]);
  assert.deepEqual(told, [
    ["push", "latest", first.descriptor.digest, undefined],
    ["push", "latest", second.descriptor.digest, first.descriptor.digest],
    ["delete", "latest", undefined, second.descriptor.digest],
    ["delete", undefined, first.descriptor.digest, undefined],
    ["delete", undefined, digestOf(Buffer.from("one")), undefined],
  ]);
});

test("a mounted blob is told with the repository that it came from", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url });
  const blob = Buffer.from("shared");
  await pushBlob(client, "one", blob);
  await client.request("POST", `/v2/two/blobs/uploads/?mount=${digestOf(blob)}&from=one`);
  await receiver.received(2);
  const { action, target } = receiver.events[1] ?? {};
  assert.deepEqual([action, target?.repository, target?.fromRepository], ["mount", "two", "one"]);
});

test("what a receiver does not take is sent again until it does, in order, and no push waits for it", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  receiver.status = 503;
  const { client, log } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url, threshold: 2 });
  const tags = ["1", "2", "3", "4", "5"];
  for (const tag of tags) await pushSmallImage(client, "app", tag, { tag });
  await waitUntil("it is told", () => log.levelsOf("a receiver takes no events; they wait and are sent later")[0]);
  assert.equal(receiver.events.length, 0);
  receiver.status = 204;
  await waitUntil("all arrive", () => receiver.ofManifests.length === tags.length || undefined);
  assert.deepEqual(
    receiver.ofManifests.map(({ target }) => target.tag),
    tags,
  );
});

test("what was not sent when Berth stopped is sent when it starts again", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  receiver.status = 500;
  const root = await scope.folder("data");
  const first = await runNotifying(scope, root, { url: receiver.url });
  await pushSmallImage(first.client, "app", "layer", { tag: "1" });
  await first.stop();
  receiver.status = 200;
  await runNotifying(scope, root, { url: receiver.url });
  await waitUntil("it arrives", () => receiver.ofManifests[0]?.target.tag === "1" || undefined);
});

test("a receiver knows by the signature who sent an event, and gets its own headers", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, secret: "key", headers: { Authorization: "Bearer token" } };
  const { client } = await runNotifying(scope, await scope.folder("data"), settings);
  await pushBlob(client, "app", Buffer.from("layer"));
  await receiver.received(1);
  const [{ headers, body } = { headers: {}, body: "" }] = receiver.requests;
  assert.equal(headers["x-berth-signature"], `sha256=${createHmac("sha256", "key").update(body).digest("hex")}`);
  assert.equal(headers.authorization, "Bearer token");
});

test("a receiver hears nothing of what it ignores", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const filter = { ignoreMediaTypes: ["application/octet-stream"], ignoreActions: ["delete"] };
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url, ...filter });
  await pushSmallImage(client, "app", "one", { tag: "1" });
  await client.request("DELETE", "/v2/app/manifests/1");
  await pushSmallImage(client, "app", "two", { tag: "2" });
  await receiver.received(2);
  assert.deepEqual(
    receiver.events.map(({ action, target }) => [action, target.tag]),
    [
      ["push", "1"],
      ["push", "2"],
    ],
  );
});

test("beyond the bound the oldest events are dropped, and the receiver is told how many", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const root = await scope.folder("data");
  // Each takes a block of 4 KiB, so 256 fit.
  const before = await runNotifying(scope, root, { url: receiver.url, disabled: true }, { maxSize: "1MiB" });
  for (let count = 0; count < 300; count++)
    await before.storage.events.add(
      ["test"],
      Buffer.from(JSON.stringify({ events: [{ action: "push", target: { count } }] })),
    );
  await before.stop();
  await runNotifying(scope, root, { url: receiver.url }, { maxSize: "1MiB" });
  await waitUntil("the last one arrives", () => receiver.events.at(-1)?.target.count === 299 || undefined);
  const [first, ...rest] = receiver.events;
  assert.equal(first?.action, "dropped");
  assert.equal(first?.target.count, 300 - rest.length);
  assert.ok(rest.length <= 230 && rest.length >= 200, String(rest.length));
});

test("events of a receiver that is no longer configured are removed", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const root = await scope.folder("data");
  const before = await runNotifying(scope, root, { url: receiver.url, disabled: true });
  await before.storage.events.add(["test"], Buffer.from("{}"));
  await before.stop();
  const after = await runNotifying(scope, root, { url: receiver.url, name: "other" });
  await waitUntil("it is gone", async () => (await after.storage.events.oldest("test")).length === 0 || undefined);
});
