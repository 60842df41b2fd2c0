import { strict as assert } from "node:assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { OutgoingHttpHeaders } from "node:http";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createLogger, type FlushableLogger } from "../../src/observability/winston-logger.js";
import { manifestOf, pushManifest } from "../support/content.js";
import { exchangeRaw, RawConnection } from "../support/raw-connection.js";
import { locationOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

/** A logger whose lines can be inspected. */
function loggerOf(format: "text" | "json"): { logger: FlushableLogger; lines: () => string[] } {
  let written = "";
  const target = new Writable({
    write: (chunk, _encoding, done) => {
      written += chunk;
      done();
    },
  });
  const logger = createLogger({ level: "debug", format }, target);
  const lines = () => {
    logger.flush();
    return written.split("\n").slice(0, -1);
  };
  return { logger, lines };
}

test("a client is logged by its IPv4 address even if Berth listens on all addresses", async (t) => {
  const { client, log } = await runBerth(new Scope(t), { settings: { host: "::" } });
  await client.get("/v2/");
  const { client: address } = await waitUntil("it is logged", () => log.named("request")[0]);
  assert.equal(address, "127.0.0.1");
});

test("each request is one line that says who requested what, and how it ended", async (t) => {
  const { client, log } = await runBerth(new Scope(t));
  await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  log.events.length = 0;
  const answer = await client.get("/v2/team/app/manifests/v1?ns=docker.io", { "user-agent": "curl/8" });
  const fields = await waitUntil("it is logged", () => log.named("request")[0]);
  const { ms, ...rest } = fields;
  assert.equal(typeof ms, "number");
  assert.deepEqual(rest, {
    method: "GET",
    path: "/v2/team/app/manifests/v1",
    status: 200,
    bytes: answer.body.length,
    client: "127.0.0.1",
    agent: "curl/8",
    id: answer.headers["x-request-id"],
    trace: undefined,
    cut: undefined,
  });
});

test("a client that disconnects before it has its response is logged as cut", async (t) => {
  const { client, log } = await runBerth(new Scope(t));
  const started = await client.request("POST", "/v2/app/blobs/uploads/");
  const sender = client.start("PATCH", started.headers.location ?? "");
  await sender.send(Buffer.from("x"));
  sender.cut();
  const fields = await waitUntil("it is logged", () => log.named("request").find(({ method }) => method === "PATCH"));
  assert.equal(fields.cut, true);
  assert.equal(fields.status, 0);
});

test("when a connection is cut, each request that was read has a line, or is counted among those that never began", async (t) => {
  const scope = new Scope(t);
  const { client, port, storage, log } = await runBerth(scope);
  const started = await client.request("POST", "/v2/app/blobs/uploads/");
  let release = () => {};
  const busy = storage.uploads.locked(started.headers["docker-upload-uuid"] ?? "", () => {
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const connection = await RawConnection.open(scope, port);
  const read = countRequests(scope);
  connection.send(`PATCH ${locationOf(started)} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345`);
  const others = Array.from({ length: 20 }, () => "/v2/app/manifests/v1");
  connection.send(others.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  await waitUntil(
    "some are answered after the one that waits",
    () => log.named("request refused").length > 0 || undefined,
  );
  connection.socket.resetAndDestroy();
  release();
  await busy;
  await waitUntil("all are told", () => {
    const [dropped] = log.named("requests dropped: their connection ended before it was their turn");
    const begun = log.named("request").filter(({ method }) => method !== "POST").length;
    return begun + Number(dropped?.count ?? 0) === read() || undefined;
  });
  assert.ok(read() > 1, "nothing was read after the request that waits");
});

/** How many requests Node has parsed from now on: it may not have read everything that a cut connection sent. */
function countRequests(scope: Scope): () => number {
  let count = 0;
  const note = () => {
    count++;
  };
  subscribe("http.server.request.start", note);
  scope.defer(() => {
    unsubscribe("http.server.request.start", note);
  });
  return () => count;
}

test("no request is logged if the operator wants that", async (t) => {
  const { client, log } = await runBerth(new Scope(t), { log: { access: false } });
  await client.get("/v2/");
  assert.deepEqual(log.named("request"), []);
});

for (const format of ["text", "json"] as const) {
  test(`nothing that a client sends starts a log line or controls a terminal (${format})`, async (t) => {
    const scope = new Scope(t);
    const { logger, lines } = loggerOf(format);
    const { client, port } = await runBerth(scope, { logger, private: { sparse: true, anyMediaType: true } });
    const evil = "\x1b[31m\u009b31m\u2028\r\n2026-01-01T00:00:00.000Z info request forged=1";
    const encoded = encodeURIComponent(evil);
    for (const target of [
      `/${encoded}`,
      `/v2/${encoded}/tags/list`,
      `/v2/app/manifests/${encoded}`,
      `/v2/app/blobs/${encoded}`,
      `/v2/app/blobs/uploads/${encoded}`,
      `/v2/app/tags/list?n=${encoded}`,
      `/v2/app/referrers/${encoded}?artifactType=${encoded}`,
    ]) {
      await client.get(target);
    }
    await client.request("PUT", "/v2/app/manifests/v1", { body: JSON.stringify({ mediaType: evil }) });
    await client.request("PUT", "/v2/app/manifests/v1", { body: evil, headers: { "content-type": encoded } });
    await pushManifest(client, "app", manifestOf({ mediaType: "application/x+json", annotations: { [evil]: evil } }));
    for (const header of ["User-Agent", "X-Request-Id", "X-Forwarded-For", "Content-Range", "Range", "If-None-Match"]) {
      for (const value of ["\x1b[31mred", "a\x9b31m\xe9", "a\tb", '" forged=1 "', "\u00e2\u0080\u00a8"]) {
        const request = `PATCH /v2/%E2%80%A8/blobs/x HTTP/1.1\r\nHost: a\r\n${header}: ${value}\r\nConnection: close\r\n\r\n`;
        await exchangeRaw(scope, port, request);
      }
    }
    for (const line of lines()) {
      assert.match(line, format === "text" ? /^\d{4}-\d\d-\d\dT[\d:.]+Z (info|debug|warn|error) / : /^\{.*\}$/);
      assert.match(line, /^[\x20-\x7e]*$/);
      assert.doesNotMatch(line, /^2026-01-01T00:00:00\.000Z/);
      if (format === "json") assert.ok(JSON.parse(line).event);
      else assert.doesNotMatch(line.replace(/"(?:[^"\\]|\\.)*"/g, ""), /\sforged=1/);
    }
    assert.ok(lines().length > 20);
  });

  test(`no secret of a request is in the log (${format})`, async (t) => {
    const scope = new Scope(t);
    const { logger, lines } = loggerOf(format);
    const { client, port } = await runBerth(scope, { logger });
    const headers = {
      authorization: "Bearer hush-1",
      "proxy-authorization": "Basic hush-2",
      cookie: "session=hush-3",
      "x-api-key": "hush-4",
    };
    for (const target of ["/v2/", "/v2/app/manifests/v1", "/v2/%zz", "/v2/app/tags/list?n=x&token=hush-5"]) {
      await client.get(target, headers);
    }
    const target = "http://user:hush-6@127.0.0.1/v2/app/tags/list?access_token=hush-7";
    await exchangeRaw(scope, port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await exchangeRaw(scope, port, `GET /v2/ HTTP/1.1\r\nHost: a\r\nAuthorization hush-8\r\n\r\n`);
    assert.ok(lines().length >= 5);
    for (const line of lines()) assert.doesNotMatch(line, /hush/);
  });
}

test("ids distinguish requests, and only a trusted proxy may give them", async (t) => {
  const scope = new Scope(t);
  const open = await runBerth(scope);
  const behind = await runBerth(scope, { server: { trustedProxies: ["127.0.0.1"] } });
  const given = { "x-request-id": "given-1" };
  const ids = new Set<string | undefined>();
  for (let count = 0; count < 20; count++) ids.add((await open.client.get("/v2/", given)).headers["x-request-id"]);
  assert.equal(ids.size, 20);
  assert.ok(!ids.has("given-1"));
  assert.equal((await behind.client.get("/v2/", given)).headers["x-request-id"], "given-1");
  for (const id of ["a b", "<script>", "x".repeat(65), "", "a;b", "\u00e9"]) {
    const answer = await behind.client.get("/v2/", { "x-request-id": id });
    assert.match(answer.headers["x-request-id"] ?? "", /^[\w.-]{1,64}$/, id);
    assert.notEqual(answer.headers["x-request-id"], id);
  }
});

test("only a trusted proxy may name the client, and only as far as it knows", async (t) => {
  const scope = new Scope(t);
  const open = await runBerth(scope);
  await open.client.get("/v2/", { "x-forwarded-for": "10.1.2.3" });
  assert.equal((await waitUntil("it is logged", () => open.log.named("request")[0])).client, "127.0.0.1");
  const behind = await runBerth(scope, { server: { trustedProxies: ["127.0.0.1", "10.0.0.0/8", "fd00::/8"] } });
  for (const [forwarded, expected] of [
    ["203.0.113.7", "203.0.113.7"],
    ["6.6.6.6, 203.0.113.7", "203.0.113.7"],
    ["6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"],
    ["6.6.6.6,203.0.113.7,fd00::1, 10.1.2.3", "203.0.113.7"],
    ["2001:db8::1", "2001:db8::1"],
    ["10.1.2.3, 10.9.9.9", "10.1.2.3"],
    ["evil\u001b", "127.0.0.1"],
    ["unknown", "127.0.0.1"],
    ["203.0.113.7:8080", "127.0.0.1"],
    ["", "127.0.0.1"],
    [",,,", "127.0.0.1"],
  ] as const) {
    behind.log.events.length = 0;
    const connection = await RawConnection.open(scope, behind.port);
    connection.send(
      `GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwarded.replace("\u001b", "x")}\r\nConnection: close\r\n\r\n`,
    );
    await connection.closed;
    const fields = await waitUntil("it is logged", () => behind.log.named("request")[0]);
    assert.equal(fields.client, expected, forwarded);
  }
});

test("every line about a request has its id, which the response carries", async (t) => {
  const { client, log } = await runBerth(new Scope(t));
  await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  const refused = await client.get("/v2/team/app/manifests/Bad%20Tag");
  const ids = await waitUntil("the last line is written", () => {
    const told = new Set(log.named("request").map(({ id }) => id));
    return told.has(refused.headers["x-request-id"]) ? told : undefined;
  });
  for (const event of ["blob pushed", "manifest pushed", "request refused"]) {
    const lines = log.named(event);
    assert.ok(lines.length > 0, event);
    for (const { id } of lines) assert.ok(typeof id === "string" && ids.has(id), event);
  }
});

test("successful probes are logged at debug, others like every request", async (t) => {
  const { client, log } = await runBerth(new Scope(t));
  const probe = { "user-agent": "kube-probe/1.31" };
  const levelOf = async (path: string, headers: OutgoingHttpHeaders) => {
    const before = log.levelsOf("request").length;
    await client.get(path, headers);
    return waitUntil("its line is written", () => log.levelsOf("request")[before]);
  };
  for (const [path, headers] of [
    ["/healthz", {}],
    ["/readyz", {}],
    ["/v2/", probe],
    ["/", probe],
  ] as const) {
    assert.equal(await levelOf(path, headers), "debug", path);
  }
  for (const [path, headers] of [
    ["/v2/", {}],
    ["/v2/nothing/tags/list", probe],
  ] as const) {
    assert.equal(await levelOf(path, headers), "info", path);
  }
});
