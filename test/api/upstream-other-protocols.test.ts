import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { CertificateAuthority } from "../support/certificates.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");

/** Every server of HTTP/2 begins with its settings (RFC 9113, section 3.4). */
const settings = Buffer.from("000006040000000000000300000064", "hex");

async function portOf(scope: Scope, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  // The address of a server on a port always has a port.
  return (server.address() as AddressInfo).port;
}

async function certificate(scope: Scope) {
  const ca = await CertificateAuthority.create(scope);
  return { ca: ca.cert, tls: await ca.issue("server", ["IP:127.0.0.1"]) };
}

const http2Only = {
  "over TLS": async (scope: Scope) => {
    const { ca, tls } = await certificate(scope);
    return { url: `https://127.0.0.1:${await portOf(scope, createSecureServer(tls))}`, tls: { ca } };
  },
  "over TLS, whatever protocol is asked for": async (scope: Scope) => {
    const { ca, tls } = await certificate(scope);
    const server = createTlsServer(tls, (socket) => socket.on("error", () => {}).end(settings));
    return { url: `https://127.0.0.1:${await portOf(scope, server)}`, tls: { ca } };
  },
  "without TLS": async (scope: Scope) => ({
    url: `http://127.0.0.1:${await portOf(scope, createHttp2Server())}`,
    tls: {},
  }),
};
for (const [how, start] of Object.entries(http2Only)) {
  test(`of an upstream that speaks only HTTP/2 ${how}, this is said, and what to do`, async (t) => {
    const scope = new Scope(t);
    const { url, tls } = await start(scope);
    const asked = upstreamAt(scope, url, { tls }).headManifest(name, latest, requestOptions());
    const { message } = await failureOf(asked, "invalid", /speaks only HTTP\/2/);
    assert.ok(message.includes(new URL(url).host), message);
    assert.match(message, /a proxy in front of it that accepts both/);
  });
}

test("of an upstream that speaks TLS at an http address, and of one that does not at an https address, this is said", async (t) => {
  const scope = new Scope(t);
  const alert = createServer((socket) => {
    socket.on("error", () => {});
    // "protocol_version", as servers of TLS answer what is no handshake.
    socket.once("data", () => socket.end(Buffer.from("15030100020246", "hex")));
  });
  const secured = upstreamAt(scope, `http://127.0.0.1:${await portOf(scope, alert)}`);
  await failureOf(secured.headManifest(name, latest, requestOptions()), "invalid", /speaks TLS; .*begins with https/);
  const plain = upstreamAt(scope, `https://127.0.0.1:${await portOf(scope, createHttpServer())}`);
  await failureOf(plain.headManifest(name, latest, requestOptions()), "unavailable", /does not speak TLS.*http:\/\//);
});

test("what an upstream refuses in plain text is passed on, one line of it", async (t) => {
  const scope = new Scope(t);
  const server = createHttpServer((_, response) => {
    response.writeHead(400, { "Content-Type": "text/plain; charset=utf-8" });
    response.end("Client sent an HTTP request to an HTTPS server.\nsecond line");
  });
  const upstream = upstreamAt(scope, `http://127.0.0.1:${await portOf(scope, server)}`);
  const { upstreamMessage } = await failureOf(upstream.getManifest(name, latest, requestOptions()), "invalid", /400/);
  assert.equal(upstreamMessage, "Client sent an HTTP request to an HTTPS server.");
});
