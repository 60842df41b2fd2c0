import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import type { S3Settings } from "../../src/storage/drivers/s3/s3-settings.js";
import { CredentialServices, temporary } from "../support/object-stores/credential-services.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { refusal, startOddStore } from "../support/object-stores/odd-store.js";
import { Scope } from "../support/scope.js";

const role = "arn:aws:iam::123456789012:role/berth";
const noKeys = { accessKeyId: undefined, secretAccessKey: undefined } as const;

test("s3: without keys in the configuration, those of the environment are used", async (t) => {
  const { open, store } = await prepare(t, () => ({
    AWS_ACCESS_KEY_ID: "AKIAENVIRONMENT",
    AWS_SECRET_ACCESS_KEY: "secret",
  }));
  await open();
  assert.deepEqual(store.signedBy(), [{ accessKeyId: "AKIAENVIRONMENT", sessionToken: undefined }]);
});

test("s3: without those, the keys of a profile are used", async (t) => {
  const { open, store } = await prepare(t, ({ folder }) => ({
    AWS_PROFILE: "images",
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
  }));
  await open({}, [["credentials", profileOf("AKIAPROFILE")]]);
  assert.deepEqual(store.signedBy(), [{ accessKeyId: "AKIAPROFILE", sessionToken: undefined }]);
});

test("s3: the identity of a Kubernetes service account (IRSA) is exchanged for keys", async (t) => {
  const { open, store, services } = await prepare(t, ({ folder, url }) => ({
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "token"),
    AWS_ROLE_ARN: role,
    AWS_ENDPOINT_URL_STS: url,
  }));
  await open({}, [["token", "token-of-the-pod"]]);
  const [asked] = services.asked;
  assert.equal(asked?.what, "AssumeRoleWithWebIdentity");
  assert.equal(asked.form.get("WebIdentityToken"), "token-of-the-pod");
  assert.equal(asked.form.get("RoleArn"), role);
  assert.deepEqual(store.signedBy(), [signedTemporarily]);
});

test("s3: the keys of a container (EKS pod identity, ECS) are asked for with its token", async (t) => {
  const { open, store } = await prepare(t, ({ folder, url }) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, "token"),
  }));
  await open({}, [["token", "container-token"]]);
  assert.deepEqual(store.signedBy(), [signedTemporarily]);
});

test("s3: keys that expire in the middle of an upload are renewed, and the upload goes on", async (t) => {
  const { open, store, services } = await prepare(t, ({ folder, url }) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, "token"),
  }));
  // Keys that expire within five minutes are asked for anew.
  services.given = { ...temporary, accessKeyId: "ASIAFIRST", expireAfterMs: 60_000 };
  const driver = await open({}, [["token", "container-token"]]);
  const [first, second] = [Buffer.alloc(9_000_000, "a"), Buffer.alloc(9_000_000, "b")];
  const staged = driver.staging.at("up/data");
  await staged.append(0, pieces(first));
  services.given = { ...temporary, accessKeyId: "ASIASECOND", expireAfterMs: 3_600_000 };
  await staged.append(first.length, pieces(second));
  await staged.commit("blobs/whole");
  assert.ok((await driver.read("blobs/whole", 20_000_000))?.equals(Buffer.concat([first, second])));
  const used = store.signedBy().map(({ accessKeyId }) => accessKeyId);
  assert.ok(used.includes("ASIAFIRST") && used.includes("ASIASECOND"), used.join());
});

for (const [what, ask] of [
  ["a write", (driver: S3Driver) => driver.write({ key: "key", content: Buffer.from("x") })],
  ["a look", (driver: S3Driver) => driver.stat("key")],
  ["a read", (driver: S3Driver) => driver.read("key")],
] as const)
  test(`s3: when keys of a profile were replaced, ${what} that the store refuses is repeated with the new ones`, async (t) => {
    const { open, folder, revoke, store } = await prepare(t, ({ folder }) => ({
      AWS_PROFILE: "images",
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
    }));
    const driver = await open({}, [["credentials", profileOf("AKIAFIRST")]]);
    await writeFile(join(folder, "credentials"), profileOf("AKIASECOND"));
    revoke("AKIAFIRST");
    await ask(driver);
    assert.equal(store.signedBy().at(-1)?.accessKeyId, "AKIASECOND");
  });

test("s3: a session that the store ends before its time is replaced", async (t) => {
  const { open, revoke, services, store } = await prepare(t, ({ folder, url }) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, "token"),
  }));
  services.given = { ...temporary, accessKeyId: "ASIAFIRST", expireAfterMs: 3_600_000 };
  const driver = await open({}, [["token", "container-token"]]);
  services.given = { ...temporary, accessKeyId: "ASIASECOND", expireAfterMs: 3_600_000 };
  revoke("ASIAFIRST");
  await Promise.all(
    Array.from({ length: 8 }, (_, index) => driver.write({ key: `${index}`, content: Buffer.from("x") })),
  );
  assert.equal(store.signedBy().at(-1)?.accessKeyId, "ASIASECOND");
  assert.equal(services.asked.length, 2);
});

test("s3: the role of an instance gives keys, by version 2 of its metadata", async (t) => {
  const { open, store, services } = await prepare(t, ({ url }) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }));
  await open();
  const path = "/latest/meta-data/iam/security-credentials/";
  const asked = services.asked.map(({ what }) => what);
  assert.deepEqual(asked, ["PUT /latest/api/token", `GET ${path}`, `GET ${path}berth-role`]);
  assert.deepEqual(store.signedBy(), [signedTemporarily]);
});

test("s3: roleArn is assumed with the configured keys", async (t) => {
  const { open, store, services } = await prepare(t, ({ url }) => ({ AWS_ENDPOINT_URL_STS: url }));
  await open({ roleArn: role, accessKeyId: "AKIAOWN", secretAccessKey: "secret" });
  const [asked] = services.asked;
  assert.equal(asked?.what, "AssumeRole");
  assert.equal(asked.form.get("RoleArn"), role);
  assert.match(asked.headers.authorization ?? "", /Credential=AKIAOWN\//);
  assert.deepEqual(store.signedBy(), [signedTemporarily]);
});

test("s3: roleArn is assumed with the keys of the usual chain if none are configured", async (t) => {
  const { open, store, services } = await prepare(t, ({ url }) => ({
    AWS_ACCESS_KEY_ID: "AKIAENVIRONMENT",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL_STS: url,
  }));
  await open({ roleArn: role });
  assert.match(services.asked[0]?.headers.authorization ?? "", /Credential=AKIAENVIRONMENT\//);
  assert.deepEqual(store.signedBy(), [signedTemporarily]);
});

test("s3: a start without any keys says where they can come from", async (t) => {
  const { open } = await prepare(t, () => ({ AWS_EC2_METADATA_DISABLED: "true" }));
  await assert.rejects(
    open(),
    /^StorageError: storage\.s3: no credentials were found: set accessKeyId and secretAccessKey/,
  );
});

const signedTemporarily = { accessKeyId: temporary.accessKeyId, sessionToken: temporary.sessionToken };

interface Place {
  readonly folder: string;
  /** Of the services that give keys. */
  readonly url: string;
}

/** A store, and a driver that is opened with only these variables of AWS, and no keys unless they are given. */
async function prepare(t: TestContext, variables: (place: Place) => Readonly<Record<string, string>>) {
  const scope = new Scope(t);
  const [store, services] = [await FakeStore.start(scope), await CredentialServices.start(scope)];
  const revoked: string[] = [];
  const isRevoked = (signature = "") => revoked.some((key) => signature.includes(`Credential=${key}/`));
  const strict = await startOddStore(scope, store, {
    refuses: ({ headers }) => (isRevoked(headers.authorization) ? refusal(403, "InvalidAccessKeyId") : undefined),
  });
  const folder = await scope.folder("aws");
  const nowhere = { AWS_CONFIG_FILE: join(folder, "config"), AWS_SHARED_CREDENTIALS_FILE: join(folder, "none") };
  setVariables(scope, { ...nowhere, ...variables({ folder, url: services.url }) });
  const open = async (settings: Partial<S3Settings> = {}, files: readonly (readonly [string, string])[] = []) => {
    for (const [name, content] of files) await writeFile(join(folder, name), content);
    return S3Driver.open({ ...(await settingsFor(scope, strict, "images")), ...noKeys, ...settings });
  };
  return { store, services, open, folder, revoke: (key: string) => void revoked.push(key) };
}

/** Until the test is over, these are all variables of AWS. */
function setVariables(scope: Scope, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  scope.defer(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, variables);
}

function profileOf(accessKeyId: string): string {
  return `[images]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = secret\n`;
}

async function* pieces(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
