import { strict as assert } from "node:assert";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { runGuardedBerth } from "../support/guarded-berth.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const html = { accept: "text/html,application/xhtml+xml" };

test("a browser is led from / to the page, and a probe is not", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const browser = await client.get("/", html);
  assert.deepEqual([browser.status, browser.headers.location], [302, "/ui/"]);
  assert.equal((await client.get("/", { accept: "*/*" })).status, 200);
});

test("every view has an address that can be opened", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const path of [
    "/ui/",
    "/ui/repositories/team/app:1.0",
    "/ui/repositories/a@sha256:00",
    "/ui/sign-in?to=/ui/",
    "/ui/%E2%80%AE",
  ]) {
    const answer = await client.get(path, html);
    assert.equal(answer.status, 200, path);
    assert.match(answer.body.toString(), /<div id="page">/);
  }
});

test("the page is sent to whoever asks, since it holds nothing of anyone", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  assert.equal((await client.get("/ui/", html)).status, 200);
});

test("the page may run its own files only, and nothing that stands in the document", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { headers, body } = await client.get("/ui/", html);
  const policy = headers["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(body.toString(), /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
});

test("every file that the page names is there, kept for good, and all together are few and small", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const document = (await client.get("/ui/", html)).body.toString();
  const paths = [...document.matchAll(/(?:href|src)="(\/ui\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(paths.length >= 4 && paths.length <= 6, paths.join(" "));
  let sent = 0;
  for (const path of paths) {
    const answer = await client.get(path, { "accept-encoding": "br" });
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers["cache-control"] ?? "", /immutable/, path);
    assert.match(answer.headers["content-type"] ?? "", /javascript|css|svg/, path);
    sent += answer.body.length;
  }
  assert.ok(sent < 48_000, `${sent} bytes`);
});

test("files are sent in the form that the browser takes", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const plain = await client.get("/ui/");
  assert.equal(plain.headers["content-encoding"], undefined);
  const br = await client.get("/ui/", { "accept-encoding": "gzip, deflate, br" });
  assert.deepEqual(brotliDecompressSync(br.body), plain.body);
  const gzip = await client.get("/ui/", { "accept-encoding": "gzip" });
  assert.deepEqual(gunzipSync(gzip.body), plain.body);
  assert.match(gzip.headers.vary ?? "", /Accept-Encoding/);
});

test("a browser that has the page is told so", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { headers } = await client.get("/ui/");
  const again = await client.get("/ui/", { "if-none-match": headers.etag });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

test("after an update, an open page still gets its files, and does not keep them", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/ui/assets/of-another-version/main.js");
  assert.deepEqual([answer.status, answer.headers["cache-control"]], [200, "no-cache"]);
});

for (const path of [
  "/ui/assets/x/none.js",
  "/ui/assets/x/../../../package.json",
  "/ui/assets/x/..%2f..%2fpackage.json",
]) {
  test(`${path} is no file of the page`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const answer = await client.get(path);
    assert.ok(answer.status === 404 || /id="page"/.test(answer.body.toString()), String(answer.status));
    assert.doesNotMatch(answer.body.toString(), /berth-registry/);
  });
}

test("the page can be switched off", async (t) => {
  const { client } = await runBerth(new Scope(t), { ui: { enabled: false } });
  assert.equal((await client.get("/ui/", html)).status, 404);
  assert.equal((await client.get("/", html)).status, 200);
});

test("without access control, this machine does not answer to the name of a site that points here", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { publicUrl: "https://registry.example.com" } });
  for (const path of ["/ui/", "/v2/_berth/me", "/v2/_berth/repositories"]) {
    for (const host of ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example"])
      assert.equal((await client.get(path, { host })).status, 421, `${path} ${host}`);
    for (const host of [
      "localhost",
      "LOCALHOST:5000",
      "berth.localhost",
      "127.0.0.1:5000",
      "127.8.8.8",
      "[::1]:5000",
      "registry.example.com",
    ])
      assert.equal((await client.get(path, { host })).status, 200, `${path} ${host}`);
  }
  assert.equal((await client.get("/v2/", { host: "evil.example" })).status, 200, "pulls are not affected");
});

test("with access control, the page answers to any name: a session belongs to the name that it began under", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  assert.equal((await client.get("/ui/", { host: "registry.internal" })).status, 200);
});

for (const [what, path, headers, base] of [
  ["keeps", "/registry/ui/tokens", {}, "/registry"],
  ["removes", "/ui/tokens", { "x-forwarded-prefix": "/apps/registry/" }, "/apps/registry"],
] as const) {
  test(`below a path that a proxy ${what}, the page loads its files from there`, async (t) => {
    const { client } = await runBerth(new Scope(t), { server: { prefix: "/registry" } });
    const answer = await client.get(path, { ...html, ...headers });
    const files = [...answer.body.toString().matchAll(/(?:href|src)="([^"]+)"/g)].map(([, file = ""]) => file);
    assert.ok(files.length > 0);
    for (const file of files) {
      assert.ok(file.startsWith(`${base}/ui/assets/`), file);
      const seen = path.startsWith(base) ? file : file.slice(base.length);
      assert.equal((await client.get(seen, headers)).status, 200, seen);
    }
    const root = path.replace("/ui/tokens", "/");
    assert.equal((await client.get(root, { ...html, ...headers })).headers.location, `${base}/ui/`);
    // A browser that knows it by another address must not go on with that one's files.
    assert.notEqual(answer.headers.etag, (await client.get("/ui/tokens", html)).headers.etag);
    assert.match(answer.headers.vary ?? "", /X-Forwarded-Prefix/);
  });
}
