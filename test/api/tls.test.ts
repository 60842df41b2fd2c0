import { strict as assert } from "node:assert";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import type { ServerSettings } from "../../src/http/server-settings.js";
import type { TlsSettings } from "../../src/http/tls/tls-settings.js";
import { CertificateAuthority } from "../support/certificates.js";
import { exchangeRaw, RawConnection } from "../support/raw-connection.js";
import { type RunningBerth, runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

async function start(
  scope: Scope,
  settings: Partial<ServerSettings> = {},
  minVersion: TlsSettings["minVersion"] = "TLSv1.2",
): Promise<RunningBerth & { ca: string }> {
  const authority = await CertificateAuthority.create(scope);
  const { cert, key } = await authority.issue("server", ["IP:127.0.0.1"]);
  const tls: TlsSettings = {
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    minVersion,
    clientCa: [],
    clientAuth: "off",
  };
  return { ...(await runBerth(scope, { settings: { tls, ...settings } })), ca: authority.cert };
}

test("Berth serves HTTPS itself, with the same responses as over HTTP", async (t) => {
  const { port, ca } = await start(new Scope(t));
  const asked = request({ host: "127.0.0.1", port, ca, path: "/v2/", agent: false }).end();
  const [answer] = await once(asked, "response");
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["docker-distribution-api-version"], "registry/2.0");
  assert.equal(await text(answer), "{}");
});

test("versions before TLS 1.2 are refused, later ones accepted; with a minimum of 1.3, 1.2 is refused too", async (t) => {
  const scope = new Scope(t);
  const [usual, strict] = [await start(scope), await start(scope, {}, "TLSv1.3")];
  for (const [{ port, ca }, version, isTaken] of [
    [usual, "TLSv1.1", false],
    [usual, "TLSv1.2", true],
    [usual, "TLSv1.3", true],
    [strict, "TLSv1.2", false],
    [strict, "TLSv1.3", true],
  ] as const) {
    const options = { host: "127.0.0.1", port, ca, minVersion: version, maxVersion: version };
    const socket: TLSSocket = connect({ ...options, ciphers: "DEFAULT:@SECLEVEL=0" });
    scope.defer(() => socket.destroy());
    const outcome = once(socket, "secureConnect").then(
      () => true,
      () => false,
    );
    assert.equal(await outcome, isTaken, version);
  }
});

test("a plain HTTP client is told so in plain HTTP, whatever it requests", async (t) => {
  const scope = new Scope(t);
  const { port } = await start(scope);
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"]) {
    const body = method === "PUT" ? "x".repeat(200_000) : "";
    const head = `${method} /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = await exchangeRaw(scope, port, head + body);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, method);
    assert.match(answer, /"message":"this port speaks HTTPS, .*use https:\/\//, method);
  }
});

test("a client that sends HTTP, sends nothing or disconnects in the middle does no harm", async (t) => {
  const scope = new Scope(t);
  const { port, ca, log } = await start(scope);
  await exchangeRaw(scope, port, "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  const silent = await RawConnection.open(scope, port);
  silent.socket.destroy();
  const half = await RawConnection.open(scope, port);
  half.send("\x16\x03\x01\x02\x00\x01");
  half.socket.destroy();
  const asked = request({ host: "127.0.0.1", port, ca, path: "/v2/", agent: false }).end();
  const [answer] = await once(asked, "response");
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(
    log.events.filter(({ level }) => level === "error"),
    [],
  );
});

const hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

test("a connection that does not finish its handshake is closed", async (t) => {
  const scope = new Scope(t);
  const { port } = await start(scope, { headersTimeout: 300 });
  const drips = await RawConnection.open(scope, port, { allowHalfOpen: true });
  drips.send(hello);
  const drip = setInterval(() => drips.send("\0"), 50);
  scope.defer(() => clearInterval(drip));
  const silent = await RawConnection.open(scope, port);
  assert.equal(await silent.closed, "");
  await drips.closed;
});

test("connections on which TLS does not begin keep no one out", async (t) => {
  const scope = new Scope(t);
  const { port, ca } = await start(scope, { maxConnections: 5 });
  for (let count = 0; count < 5; count++) (await RawConnection.open(scope, port)).send(count % 2 === 0 ? "" : hello);
  const asked = request({ host: "127.0.0.1", port, ca, path: "/v2/", agent: false }).end();
  const [answer] = await once(asked, "response");
  assert.equal(answer.statusCode, 200);
});

test("a stopping server waits for no connection on which TLS never began, nor does a cut", async (t) => {
  const scope = new Scope(t);
  const { server, port } = await start(scope);
  await RawConnection.open(scope, port, { allowHalfOpen: true });
  const half = await RawConnection.open(scope, port, { allowHalfOpen: true });
  half.send(hello);
  const other = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(other, "secureConnect");
  const stopped = server.stop(3_600_000);
  server.cut();
  await stopped;
});

/** A client that sends its first message, and nothing after it. */
async function openUnfinished(scope: Scope, port: number, firstMessage: Buffer): Promise<RawConnection> {
  const connection = await RawConnection.open(scope, port);
  connection.send(firstMessage);
  return connection;
}

/** The first message of a real client. */
async function helloOf(scope: Scope): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  // The address of a TCP server is never a pipe's path.
  connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }).on("error", () => {});
  const [socket]: Socket[] = await once(server, "connection");
  const [sent] = await once(socket ?? server, "data");
  socket?.destroy();
  return sent;
}

test("a flood of handshakes takes turns: clients with a connection are served, and new ones get their turn", async (t) => {
  const scope = new Scope(t);
  const { port, ca } = await start(scope);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  scope.defer(() => agent.destroy());
  const get = (through: Agent | false) =>
    once(request({ host: "127.0.0.1", port, ca, path: "/v2/", agent: through }).end(), "response");
  const statusOf = async (through: Agent | false) => {
    const [answer] = await get(through);
    answer.resume();
    await once(answer, "end");
    return answer.statusCode;
  };
  assert.equal(await statusOf(agent), 200);
  const firstMessage = await helloOf(scope);
  const flood: RawConnection[] = [];
  for (let count = 0; count < 100; count++) flood.push(await openUnfinished(scope, port, firstMessage));
  const answered = () => flood.filter(({ socket }) => socket.bytesRead > 0).length;
  await waitUntil("some handshakes have begun", () => answered() >= 32 || undefined);
  assert.ok(answered() < 100, "not all handshakes begin at the same time");
  assert.equal(await statusOf(agent), 200);
  assert.equal(await statusOf(false), 200);
});
