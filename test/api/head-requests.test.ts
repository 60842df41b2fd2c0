import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { RawConnection, statusesIn } from "../support/raw-connection.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const unknown = digestOf(Buffer.from("unknown"));

/** Headers that differ from response to response. */
const ofTheMoment = new Set(["date", "x-request-id"]);

/** Everything that can be requested with GET, existing and missing. */
async function targets(client: RegistryClient): Promise<string[]> {
  const image = await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  await pushSmallImage(client, "team/app", "layer", { fields: { subject: image.descriptor } });
  const { digest } = image.descriptor;
  return [
    "/",
    "/v2",
    "/v2/",
    "/healthz",
    "/readyz",
    "/v2/_catalog",
    "/v2/_catalog?n=1",
    "/v2/_oci/ext/discover",
    "/v2/team/app/tags/list",
    "/v2/team/app/manifests/v1",
    `/v2/team/app/manifests/${digest}`,
    `/v2/team/app/blobs/${digestOf(Buffer.from("layer"))}`,
    `/v2/team/app/referrers/${digest}`,
    await startUpload(client, "team/app"),
    "/nothing",
    "/v2/nobody/tags/list",
    "/v2/team/app/manifests/v2",
    `/v2/team/app/manifests/${unknown}`,
    `/v2/team/app/blobs/${unknown}`,
    "/v2/team/app/blobs/sha256:short",
    "/v2/Team/tags/list",
    "/v2/team/app/blobs/uploads/00000000-0000-4000-8000-000000000000",
    "/v2/_catalog?n=minus",
    "/v2/%zz/tags/list",
  ];
}

test("HEAD returns the headers of GET, and no body", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const target of await targets(client)) {
    const got = await client.get(target);
    const asked = await client.head(target);
    assert.equal(asked.status, got.status, target);
    assert.deepEqual(lasting(asked.headers), lasting(got.headers), target);
    assert.equal(asked.body.length, 0, target);
  }
});

test("the response to a HEAD is not followed by a body on the connection", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope);
  for (const target of await targets(client)) {
    const connection = await RawConnection.open(scope, port);
    connection.send(`HEAD ${target} HTTP/1.1\r\nHost: berth\r\n\r\n`);
    connection.send("GET /healthz HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n\r\n");
    const received = await connection.closed;
    const [, afterFirst = ""] = received.split("\r\n\r\n", 2);
    assert.match(afterFirst, /^HTTP\/1\.1 200 /, `${target}: ${received}`);
    assert.equal(statusesIn(received).length, 2, target);
  }
});

function lasting(headers: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheMoment.has(name)));
}
