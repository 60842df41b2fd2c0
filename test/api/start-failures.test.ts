import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CertificateAuthority } from "../support/certificates.js";
import { runCommand, tryCommand } from "../support/command.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** The error of a `berth` that cannot start with these settings, which `config check` must report in the same words. */
async function refusalOf(t: TestContext, prepare: (folder: string, scope: Scope) => Promise<object>): Promise<string> {
  const scope = new Scope(t);
  const folder = await scope.folder("start");
  await writeFile(join(folder, "berth.yml"), JSON.stringify(await prepare(folder, scope)));
  const [checked, started] = await Promise.all(
    [["config", "check"], ["serve"]].map((args) => tryCommand(process.execPath, [main, ...args], { cwd: folder })),
  );
  assert.deepEqual([checked?.code, started?.code], [1, 1], `${checked?.stderr}${started?.stderr}`);
  const sentence = started?.stderr.replace(/^berth: /, "").trim() ?? "";
  assert.ok(checked?.stderr.includes(sentence), checked?.stderr);
  assert.doesNotMatch(sentence, /E[A-Z]{4,}:|error:[0-9A-F]+| at /);
  return sentence;
}

/** A certificate with its key, and the key of another one, in files. */
async function certificates(folder: string, scope: Scope): Promise<void> {
  const authority = await CertificateAuthority.create(scope);
  const [one, other] = [
    await authority.issue("one", ["DNS:localhost"]),
    await authority.issue("other", ["DNS:localhost"]),
  ];
  await writeFile(join(folder, "cert.pem"), one.cert);
  await writeFile(join(folder, "key.pem"), one.key);
  await writeFile(join(folder, "other.pem"), other.key);
  const encrypt = ["pkey", "-in", "key.pem", "-out", "encrypted.pem", "-aes256", "-passout", "pass:secret"];
  await runCommand("openssl", encrypt, { cwd: folder });
}

const badTls: readonly [what: string, cert: string, key: string, sentence: RegExp][] = [
  [
    "a key of another certificate",
    "cert.pem",
    "other.pem",
    /^server\.tls\.key: .*other\.pem is not the key of .*cert\.pem/,
  ],
  ["an encrypted key", "cert.pem", "encrypted.pem", /^server\.tls\.key: .*encrypted\.pem is encrypted.* openssl pkey /],
  ["a key that is not a key", "cert.pem", "cert.pem", /^server\.tls\.key: .*cert\.pem contains no private key in PEM/],
  [
    "a certificate that is not a certificate",
    "key.pem",
    "key.pem",
    /^server\.tls\.cert: .*key\.pem contains no certificate in PEM/,
  ],
  ["a missing file", "absent.pem", "key.pem", /^server\.tls\.cert: .*absent\.pem is not there: /],
  ["a folder", "cert.pem", ".", /^server\.tls\.key: .* is a folder: /],
];

for (const [what, cert, key, sentence] of badTls) {
  test(`${what} for TLS is reported in a sentence, by a start and by a check`, async (t) => {
    const said = await refusalOf(t, async (folder, scope) => {
      await certificates(folder, scope);
      return { server: { port: 0, tls: { cert, key } }, storage: { driver: "memory" } };
    });
    assert.match(said, sentence);
  });
}

for (const file of [
  "data",
  "data/.berth",
  "data/docker",
  "data/docker/registry/v2/repositories",
  "data/.berth/locks",
]) {
  test(`a file at ${file}, where a folder must be, is reported in a sentence, by a start and by a check`, async (t) => {
    const said = await refusalOf(t, async (folder) => {
      await mkdir(join(folder, file, ".."), { recursive: true });
      await writeFile(join(folder, file), "a file");
      return { server: { port: 0 }, storage: { filesystem: { root: "data" } } };
    });
    assert.match(
      said,
      new RegExp(`^storage\\.filesystem\\.root: .*${file} is a file where a folder must be: remove it`),
    );
  });
}

test("a port that is in use is reported in a sentence", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("start");
  const other = createServer().listen(0, "127.0.0.1");
  scope.defer(() => other.close());
  await waitUntil("the port is taken", () => other.listening || undefined);
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await writeFile(join(folder, "berth.yml"), JSON.stringify({ server: { port }, storage: { driver: "memory" } }));
  const { code, stderr } = await tryCommand(process.execPath, [main, "serve"], { cwd: folder });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `berth: server.port: port ${port} on 127.0.0.1 is in use by another program: stop it, or choose another port\n`,
  );
});

test("a file of several documents is reported in a sentence, by a start and by a check", async (t) => {
  const folder = await new Scope(t).folder("start");
  await writeFile(join(folder, "berth.yml"), "mode: private\n---\nmode: proxy\n");
  for (const args of [["config", "check"], ["serve"]]) {
    const { code, stderr } = await tryCommand(process.execPath, [main, ...args], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stderr, /\n {2}berth\.yml:\d+:\d+: a second document begins here, but only one is read: /);
  }
});
