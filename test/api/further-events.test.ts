import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushImage } from "../support/api-image.js";
import { pushBlob } from "../support/content.js";
import { EventReceiver, type ReceivedEvent } from "../support/event-receiver.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runNotifying } from "../support/notifying-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const actionsOf = ({ events }: EventReceiver) => events.map(({ action, target: { tag } }) => [action, tag]);

test("a receiver that wants pulls gets them in batches, with tag, digest and size; HEAD and ranges are no pulls", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const filter = { include: ["pull"], ignoreActions: ["push"] };
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url, ...filter });
  const { descriptor } = await pushSmallImage(client, "app", "layer", { tag: "1" });
  const blob = `/v2/app/blobs/${digestOf(Buffer.from("layer"))}`;
  await client.head("/v2/app/manifests/1");
  await client.get(blob, { range: "bytes=0-1" });
  await client.get("/v2/app/manifests/1");
  await client.get(`/v2/app/manifests/${descriptor.digest}`);
  await client.get(blob);
  await receiver.received(3);
  assert.deepEqual(
    receiver.events.map(({ action, target: { tag, digest, length } }) => [action, tag, digest, length]),
    [
      ["pull", "1", descriptor.digest, descriptor.size],
      ["pull", undefined, descriptor.digest, descriptor.size],
      ["pull", undefined, digestOf(Buffer.from("layer")), 5],
    ],
  );
  assert.equal(receiver.requests.length, 1);
});

test("to look at an image is no pull, though its configuration is read", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, include: ["pull"], ignoreActions: ["push"] };
  const { client, stop } = await runNotifying(scope, await scope.folder("data"), settings);
  await pushImage(client, "app", { tag: "1" });
  const { body } = await client.get("/v2/_berth/image?repository=app&reference=1");
  assert.ok(JSON.parse(body.toString()).config, "the configuration is shown");
  await stop();
  assert.deepEqual(receiver.events, []);
});

test("without being asked for, pulls are not sent", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const { client } = await runNotifying(scope, await scope.folder("data"), { url: receiver.url });
  await pushSmallImage(client, "app", "one", { tag: "1" });
  await client.get("/v2/app/manifests/1");
  await pushSmallImage(client, "app", "two", { tag: "2" });
  await receiver.received(5);
  assert.deepEqual(new Set(receiver.events.map(({ action }) => action)), new Set(["push"]));
});

test("pulls that wait when Berth stops are sent first", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, include: ["pull"], ignoreActions: ["push"] };
  const { client, stop } = await runNotifying(scope, await scope.folder("data"), settings);
  await pushSmallImage(client, "app", "layer", { tag: "1" });
  await client.get("/v2/app/manifests/1");
  await stop();
  assert.deepEqual(actionsOf(receiver), [["pull", "1"]]);
});

test("pulls that a receiver does not take are dropped, and the log says how many", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  receiver.status = 503;
  const settings = { url: receiver.url, include: ["pull"], ignoreActions: ["push"] };
  const { client, log } = await runNotifying(scope, await scope.folder("data"), settings);
  await pushSmallImage(client, "app", "layer", { tag: "1" });
  await client.get("/v2/app/manifests/1");
  const [line] = await waitUntil("it is told", () => {
    const lines = log.named("pull events dropped: the receiver was away or too slow, or there were too many");
    return lines.length > 0 ? lines : undefined;
  });
  assert.equal(line?.events, 1);
  receiver.status = 200;
  await client.get("/v2/app/manifests/1");
  await receiver.received(1);
  assert.deepEqual(actionsOf(receiver), [["pull", "1"]]);
});

test("a receiver of CloudEvents gets each event with its type, subject and source", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, format: "cloudevents" };
  const { client } = await runNotifying(scope, await scope.folder("data"), settings);
  const { descriptor } = await pushSmallImage(client, "team/app", "layer", { tag: "1" });
  const layer = digestOf(Buffer.from("layer"));
  await client.request("POST", `/v2/other/blobs/uploads/?mount=${layer}&from=team/app`);
  await client.request("DELETE", "/v2/team/app/manifests/1");
  await client.request("DELETE", `/v2/team/app/manifests/${descriptor.digest}`);
  await client.request("DELETE", `/v2/team/app/blobs/${layer}`);
  await waitUntil("all are received", () => (receiver.requests.length >= 7 ? true : undefined));
  const received = receiver.requests.map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    received.slice(2).map(({ type, subject }) => [type, subject]),
    [
      ["dev.berth.manifest.pushed", "team/app:1"],
      ["dev.berth.blob.mounted", `other@${layer}`],
      ["dev.berth.tag.deleted", "team/app:1"],
      ["dev.berth.manifest.deleted", `team/app@${descriptor.digest}`],
      ["dev.berth.blob.deleted", `team/app@${layer}`],
    ],
  );
  const { specversion, id, source, time, datacontenttype, data } = received[2];
  assert.equal(specversion, "1.0");
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.match(source, /^\/\/.+:\d+$/);
  assert.ok(Date.parse(time) > 0);
  assert.equal(datacontenttype, "application/json");
  assert.deepEqual([data.digest, data.size, data.request.method], [descriptor.digest, descriptor.size, "PUT"]);
  assert.deepEqual(
    new Set(receiver.requests.map(({ headers }) => headers["content-type"])),
    new Set(["application/cloudevents+json"]),
  );
});

test("several pulls are one batch of CloudEvents", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, format: "cloudevents", include: ["pull"], ignoreActions: ["push"] };
  const { client } = await runNotifying(scope, await scope.folder("data"), settings);
  await pushSmallImage(client, "app", "layer", { tag: "1" });
  for (let count = 0; count < 3; count++) await client.get("/v2/app/manifests/1");
  await waitUntil("they are received", () => receiver.requests[0] && true);
  const [{ headers, body } = { headers: {}, body: "" }] = receiver.requests;
  assert.equal(headers["content-type"], "application/cloudevents-batch+json");
  assert.deepEqual(
    JSON.parse(body).map(({ type, subject }: { type: string; subject: string }) => [type, subject]),
    Array.from({ length: 3 }, () => ["dev.berth.manifest.pulled", "app:1"]),
  );
});

test("a receiver that wants to know is told once when the quota of an upstream is nearly spent", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const hub = await FakeUpstream.start(scope);
  hub.quota.isTold = true;
  hub.quota.remaining = 12;
  for (const tag of ["1", "2", "3", "4", "5"]) hub.store.addImage("library/app", [Buffer.from(tag)], tag);
  const proxy = { upstreams: [{ name: "docker.io", url: hub.url }], default: "docker.io" };
  const settings = { url: receiver.url, include: ["quota"] };
  const { client } = await runNotifying(scope, await scope.folder("data"), settings, {}, { mode: "proxy", proxy });
  for (const tag of ["1", "2", "3", "4", "5"]) await client.get(`/v2/library/app/manifests/${tag}`);
  await receiver.received(1);
  assert.equal(receiver.events.length, 1);
  const [{ action, target }] = receiver.events as [ReceivedEvent & { target: Record<string, unknown> }];
  assert.deepEqual(
    [action, target],
    ["quota", { upstream: "docker.io", limit: 100, remaining: 10, windowSeconds: 21_600 }],
  );
});

test("a receiver that wants to know is told what a collection removed", async (t) => {
  const scope = new Scope(t);
  const receiver = await EventReceiver.start(scope);
  const settings = { url: receiver.url, include: ["collection"], ignoreActions: ["push"] };
  const gc = { every: "1s", grace: "0s", claim: "1s", trash: "0s" };
  const sections = { maintenance: { gc } };
  const { client } = await runNotifying(scope, await scope.folder("data"), settings, {}, sections);
  await pushBlob(client, "app", Buffer.from("needed by nothing"));
  const removing = await waitUntil("a collection has removed it", () =>
    receiver.events.find(({ action, target }) => action === "collection" && "bytes" in target && target.bytes !== 0),
  );
  assert.deepEqual(Object.keys(removing.target).sort(), ["bytes", "removed", "trashed", "waiting"]);
});
