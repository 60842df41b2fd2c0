import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { errorTable } from "../../src/oci/errors.js";
import { type Answer, errorCodeOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const unknown = digestOf(Buffer.from("unknown"));
const noSession = "00000000-0000-4000-8000-000000000000";

/** Codes of the specification for errors of the client. */
const clientCodes = Object.entries(errorTable).flatMap(([code, { status }]) => (status < 500 ? [code] : []));

function checkErrorBody(answer: Answer, what: string): void {
  assert.equal(answer.headers["content-type"], "application/json", what);
  assert.equal(answer.headers["content-length"], String(answer.body.length), what);
  const { errors } = JSON.parse(answer.body.toString());
  assert.equal(errors.length, 1, what);
  assert.ok(clientCodes.includes(errors[0].code), `${what}: ${errors[0].code}`);
  assert.equal(typeof errors[0].message, "string", what);
  assert.doesNotMatch(answer.body.toString(), /\bat .*\.[jt]s:\d+|node_modules|file:\/\//, what);
}

for (const [method, target, status, code] of [
  ["GET", "/v2/Team/tags/list", 400, "NAME_INVALID"],
  ["GET", "/v2/nobody/tags/list", 404, "NAME_UNKNOWN"],
  ["GET", "/v2/team/app/manifests/v1", 404, "MANIFEST_UNKNOWN"],
  ["GET", `/v2/team/app/manifests/${unknown}`, 404, "MANIFEST_UNKNOWN"],
  ["GET", "/v2/team/app/manifests/sha256:short", 400, "DIGEST_INVALID"],
  ["GET", "/v2/team/app/manifests/-leading", 400, "MANIFEST_INVALID"],
  ["GET", `/v2/team/app/blobs/${unknown}`, 404, "BLOB_UNKNOWN"],
  ["GET", "/v2/team/app/blobs/sha256:short", 400, "DIGEST_INVALID"],
  ["GET", "/v2/team/app/referrers/sha256:short", 400, "DIGEST_INVALID"],
  ["GET", `/v2/team/app/blobs/uploads/${noSession}`, 404, "BLOB_UPLOAD_UNKNOWN"],
  ["PATCH", `/v2/team/app/blobs/uploads/${noSession}`, 404, "BLOB_UPLOAD_UNKNOWN"],
  ["PUT", `/v2/team/app/blobs/uploads/${noSession}?digest=${unknown}`, 404, "BLOB_UPLOAD_UNKNOWN"],
  ["PUT", `/v2/team/app/blobs/uploads/${noSession}`, 400, "DIGEST_INVALID"],
  ["DELETE", `/v2/team/app/blobs/uploads/${noSession}`, 404, "BLOB_UPLOAD_UNKNOWN"],
  ["POST", "/v2/team/app/blobs/uploads/?digest-algorithm=md5", 400, "DIGEST_INVALID"],
  ["DELETE", "/v2/team/app/manifests/v1", 404, "MANIFEST_UNKNOWN"],
  ["DELETE", `/v2/team/app/manifests/${unknown}`, 404, "MANIFEST_UNKNOWN"],
  ["DELETE", `/v2/team/app/blobs/${unknown}`, 404, "BLOB_UNKNOWN"],
  ["PUT", "/v2/team/app/manifests/v1", 400, "MANIFEST_INVALID"],
  ["GET", "/v2/team/app", 404, "UNSUPPORTED"],
  ["GET", "/v1/search", 404, "UNSUPPORTED"],
  ["GET", "/v2/team/app/tags", 404, "UNSUPPORTED"],
] as const) {
  test(`${method} ${target.replaceAll(unknown, "DIGEST")} is answered with ${status} ${code}`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const answer = await client.request(method, target);
    assert.equal(answer.status, status);
    assert.equal(errorCodeOf(answer), code);
    checkErrorBody(answer, target);
  });
}

for (const [target, allow] of [
  ["/v2/", "GET, HEAD, OPTIONS"],
  ["/v2/_catalog", "GET, HEAD, OPTIONS"],
  ["/v2/a/tags/list", "GET, HEAD, OPTIONS"],
  ["/v2/a/manifests/v1", "PUT, DELETE, GET, HEAD, OPTIONS"],
  [`/v2/a/blobs/${unknown}`, "DELETE, GET, HEAD, OPTIONS"],
  ["/v2/a/blobs/uploads/", "POST, OPTIONS"],
  [`/v2/a/blobs/uploads/${noSession}`, "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"],
  [`/v2/a/referrers/${unknown}`, "GET, HEAD, OPTIONS"],
] as const) {
  test(`${target.replace(unknown, "DIGEST")} lists its methods in response to another one`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const known = new Set(allow.split(", "));
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "SEARCH"]) {
      if (known.has(method)) continue;
      const answer = await client.request(method, target);
      assert.equal(answer.status, 405, method);
      assert.deepEqual(new Set(answer.headers.allow?.split(", ")), known, method);
      assert.equal(errorCodeOf(answer), "UNSUPPORTED", method);
      checkErrorBody(answer, method);
    }
    const options = await client.request("OPTIONS", target);
    assert.equal(options.status, 204);
    assert.deepEqual(new Set(options.headers.allow?.split(", ")), known);
    assert.equal(options.headers["content-length"], undefined);
  });
}

test("a header with another method does not change what is done", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const headers = { "x-http-method-override": "DELETE", "x-http-method": "DELETE", "x-method-override": "DELETE" };
  assert.equal((await client.request("POST", `/v2/a/blobs/${unknown}`, { headers })).status, 405);
  assert.equal((await client.request("GET", "/v2/?_method=DELETE", { headers })).status, 200);
});
