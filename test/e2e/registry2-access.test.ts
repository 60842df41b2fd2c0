import { strict as assert } from "node:assert";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { libtrustIdOf } from "../../src/auth/tokens/libtrust-id.js";
import { thumbprintOf } from "../../src/auth/tokens/token-keys.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { CertificateAuthority } from "../support/certificates.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startDocker } from "../support/docker-daemon.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { JwtIssuer } from "../support/jwt-issuer.js";
import { type PeerName, peers } from "../support/peer-registry.js";
import { Takeover } from "../support/registry2-takeover.js";
import { Scope } from "../support/scope.js";

const login = { user: "ann", password: "correct horse" };

/** A file of registry:2 with a section `auth`, written as JSON, which is YAML. */
async function takeoverWith(scope: Scope, auth: object): Promise<Takeover> {
  const file = ["version: 0.1", "http:", "  addr: ADDRESS", `auth: ${JSON.stringify(auth)}`];
  return Takeover.prepare(scope, file, { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: await scope.folder("data") });
}

/** Pushes and pulls as ann; with a wrong password, or without one, nothing is served. */
async function storyOf(scope: Scope, host: string, tag: string): Promise<void> {
  const { folder } = await writeBusyboxLayout(await scope.folder("layout"));
  const env = await clientHome(scope);
  const copy = (...args: string[]) => runCommand("skopeo", ["--insecure-policy", "copy", ...args], { env });
  const image = `docker://${host}/team/tool:${tag}`;
  const push = (...credentials: string[]) =>
    copy("--dest-tls-verify=false", ...credentials, `oci:${folder}:image`, image);
  await assert.rejects(push(), /unauthorized|authentication required|no basic auth|denied/i);
  await assert.rejects(push("--dest-creds=ann:wrong"), /unauthorized|authentication required|invalid username/i);
  await push(`--dest-creds=${login.user}:${login.password}`);
  const pull = async (...credentials: string[]) =>
    copy("--src-tls-verify=false", ...credentials, image, `dir:${await scope.folder("pulled")}`);
  await pull(`--src-creds=${login.user}:${login.password}`);
  await assert.rejects(pull(), /unauthorized|authentication required|no basic auth|denied/i);
}

for (const peer of Object.keys(peers) as PeerName[]) {
  test(`the htpasswd file of ${peer} is taken over: docker logs in, pushes and pulls as before`, async (t) => {
    const scope = new Scope(t);
    const path = await htpasswdFile(scope, { [login.user]: login.password });
    const takeover = await takeoverWith(scope, { htpasswd: { realm: "registry", path } });
    const docker = await startDocker(scope);
    const { host } = takeover;
    const loginWith = (password: string) => docker("login", "--username", login.user, "--password", password, host);
    for (const serve of [() => takeover.peer(peer), () => takeover.berth()]) {
      const daemon = await serve();
      await assert.rejects(loginWith("wrong"), /unauthorized|authentication required|401/i);
      await loginWith(login.password);
      await storyOf(scope, host, "v1");
      await docker("pull", `${host}/team/tool:v1`);
      await docker("tag", `${host}/team/tool:v1`, `${host}/team/docker:v1`);
      await docker("push", `${host}/team/docker:v1`);
      await docker("logout", host);
      await assert.rejects(docker("pull", `${host}/team/docker:v1`), /no basic auth|unauthorized|authentication/i);
      await daemon.stop();
    }
  });

  test(`the token service of ${peer} is taken over with its keys, in each way that they can be configured`, async (t) => {
    const scope = new Scope(t);
    for (const [what, { auth, issuer }] of await waysOf(scope, peer)) {
      await t.test(what, async () => {
        const takeover = await takeoverWith(scope, { token: auth });
        for (const serve of [() => takeover.peer(peer), () => takeover.berth()]) {
          const daemon = await serve();
          await storyOf(scope, takeover.host, "v1");
          await daemon.stop();
        }
        assert.ok(issuer.issued.some(({ user }) => user === login.user));
      });
    }
  });
}

interface Way {
  readonly issuer: JwtIssuer;
  readonly auth: object;
}

async function waysOf(scope: Scope, peer: PeerName): Promise<ReadonlyMap<string, Way>> {
  const folder = await scope.folder("keys");
  const authority = await CertificateAuthority.create(scope);
  const { cert, key } = await authority.issue("signer", ["DNS:auth"]);
  const certificate = new X509Certificate(cert);
  const [authorityFile, signerFile, jwks] = ["ca.crt", "signer.crt", "keys.json"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(authorityFile, authority.cert);
  await writeFile(signerFile, cert);
  const way = async (keys: object, header?: Readonly<Record<string, unknown>>): Promise<Way> => {
    const issuer = await JwtIssuer.start(scope, { key: createPrivateKey(key), ...(header && { header }) });
    issuer.logins.set(login.user, login.password);
    await writeFile(jwks, issuer.keySet);
    const { realm, service } = issuer;
    return { issuer, auth: { realm, service, issuer: issuer.issuer, ...keys } };
  };
  const chain = await way({ rootcertbundle: authorityFile }, { x5c: [certificate.raw.toString("base64")] });
  if (peer === "registry 2.8.2") {
    const kid = libtrustIdOf(certificate.publicKey);
    return new Map([
      ["a chain of certificates", chain],
      ["libtrust's id of a certificate's key", await way({ rootcertbundle: signerFile }, { kid })],
    ]);
  }
  const kid = await thumbprintOf(certificate.publicKey);
  return new Map([
    ["a chain of certificates", chain],
    ["the thumbprint of a certificate's key", await way({ rootcertbundle: signerFile }, { kid })],
    ["a key set", await way({ jwks })],
  ]);
}
