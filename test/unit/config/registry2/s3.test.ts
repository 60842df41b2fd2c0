import { strict as assert } from "node:assert";
import { test } from "node:test";
import { loadLines, problemsOfLines } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

const aws = [
  "version: 0.1",
  "storage:",
  "  s3:",
  "    bucket: images",
  "    region: eu-central-1",
  "    rootdirectory: /registry/v2/",
  "    accesskey: key",
  "    secretkey: secret",
  "    encrypt: true",
  "    keyid: alias/images",
  "    chunksize: 10485760",
  "    storageclass: STANDARD_IA",
  "    secure: true",
  "    v4auth: true",
];

test("a bucket of registry:2 is used as it says, with its prefix, keys, encryption and storage class", async (t) => {
  const { config } = await loadLines(new Scope(t), aws);
  const { driver, s3 } = config.storage;
  assert.equal(driver, "s3");
  assert.ok(s3);
  assert.equal(s3.bucket, "images");
  assert.equal(s3.region, "eu-central-1");
  assert.equal(s3.prefix, "registry/v2");
  assert.deepEqual([s3.accessKeyId, s3.secretAccessKey], ["key", "secret"]);
  assert.deepEqual([s3.sse, s3.sseKmsKeyId], ["aws:kms", "alias/images"]);
  assert.equal(s3.partSize, 10 * 1024 * 1024);
  assert.equal(s3.storageClass, "STANDARD_IA");
});

test("the variables of registry:2 name a bucket of another store, with and without a scheme", async (t) => {
  const scope = new Scope(t);
  const variables = {
    REGISTRY_STORAGE: "s3",
    REGISTRY_STORAGE_S3_BUCKET: "images",
    REGISTRY_STORAGE_S3_ACCESSKEY: "key",
    REGISTRY_STORAGE_S3_SECRETKEY: "secret",
    REGISTRY_STORAGE_S3_REGIONENDPOINT: "minio:9000",
    REGISTRY_STORAGE_S3_SECURE: "false",
    REGISTRY_STORAGE_S3_FORCEPATHSTYLE: "true",
    REGISTRY_STORAGE_S3_ROOTDIRECTORY: "/",
  };
  const { config } = await loadLines(scope, ["version: 0.1", "storage: { filesystem: {} }"], variables);
  assert.equal(config.storage.driver, "s3");
  assert.equal(config.storage.s3?.endpoint, "http://minio:9000");
  assert.equal(config.storage.s3?.pathStyle, true);
  assert.equal(config.storage.s3?.prefix, undefined);
  const named = { ...variables, REGISTRY_STORAGE_S3_REGIONENDPOINT: "https://minio:9000" };
  const other = await loadLines(scope, ["version: 0.1", "storage: { filesystem: {} }"], named);
  assert.equal(other.config.storage.s3?.endpoint, "https://minio:9000");
});

test("what would make a bucket less safe than it says keeps Berth from starting", async (t) => {
  const problems = await problemsOfLines(new Scope(t), [
    ...aws,
    "    skipverify: true",
    "    objectacl: public-read",
    "    usefipsendpoint: true",
  ]);
  assert.deepEqual(
    problems.map((problem) => problem.split(": ")[1]),
    ["storage.s3.skipverify", "storage.s3.objectacl", "storage.s3.usefipsendpoint"],
  );
});

test("a bucket without a name and a key without its secret are reported", async (t) => {
  const problems = await problemsOfLines(new Scope(t), ["version: 0.1", "storage: { s3: { accesskey: key } }"]);
  assert.match(problems.join("\n"), /storage\.s3\.bucket/);
  assert.match(problems.join("\n"), /storage\.s3\.secretAccessKey|storage\.s3\.secretkey/);
});
