import { strict as assert } from "node:assert";
import { test } from "node:test";
import { S3Client } from "@aws-sdk/client-s3";
import { ObjectAddresses } from "../../../../../src/storage/drivers/s3/object-addresses.js";
import { presigned } from "../../../../../src/storage/drivers/s3/presigned-address.js";
import { settingsFor } from "../../../../support/object-stores/object-store.js";
import { Scope } from "../../../../support/scope.js";

test("an address is signed as AWS documents it", () => {
  // The example of "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
  const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const at = new Date("2013-05-24T00:00:00Z");
  const signed = { keys, region: "us-east-1", at, expiresInSeconds: 86_400 };
  const address = presigned(new URL("https://examplebucket.s3.amazonaws.com/test.txt"), signed);
  assert.equal(address.searchParams.get("X-Amz-Credential"), "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
  assert.equal(
    address.searchParams.get("X-Amz-Signature"),
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

for (const [what, settings, start] of [
  [
    "a store with the bucket in its path",
    { endpoint: "http://10.0.0.1:9000" },
    "http://10.0.0.1:9000/images/a%20b/data?",
  ],
  [
    "a store with the bucket in its host",
    { endpoint: "https://store.example.com", pathStyle: false },
    "https://images.store.example.com/a%20b/data?",
  ],
  ["AWS", { endpoint: undefined }, "https://images.s3.us-east-1.amazonaws.com/a%20b/data?"],
  [
    "AWS, for a bucket with a dot",
    { endpoint: undefined, bucket: "my.images" },
    "https://s3.us-east-1.amazonaws.com/my.images/a%20b/data?",
  ],
  ["AWS in China", { endpoint: undefined, region: "cn-north-1" }, "https://images.s3.cn-north-1.amazonaws.com.cn/"],
  [
    "a public endpoint of its own",
    { endpoint: "http://10.0.0.1:9000", redirect: { endpoint: "https://store.example.com/s3/", expires: 60_000 } },
    "https://store.example.com/s3/images/a%20b/data?",
  ],
] as const) {
  test(`addresses of ${what} begin with ${start}`, async (t) => {
    const scope = new Scope(t);
    const common = await settingsFor(scope, { endpoint: "" }, "images");
    const redirect = { endpoint: undefined, expires: 60_000 };
    const all = { ...common, redirect, ...settings };
    const client = new S3Client({
      region: all.region ?? "us-east-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
    scope.defer(() => client.destroy());
    const address = await ObjectAddresses.of(client, all)?.addressOf({ Bucket: all.bucket, Key: "a b/data" });
    assert.ok(address?.startsWith(start), address);
    assert.ok(address?.includes("X-Amz-Expires=60&"), address);
  });
}

test("an endpoint that the environment names is heeded, as the client of AWS does", async (t) => {
  const scope = new Scope(t);
  process.env.AWS_ENDPOINT_URL_S3 = "https://store.example.com";
  scope.defer(() => {
    delete process.env.AWS_ENDPOINT_URL_S3;
  });
  const settings = { ...(await settingsFor(scope, { endpoint: "" }, "images")), endpoint: undefined, pathStyle: true };
  const client = new S3Client({ region: "us-east-1", credentials: { accessKeyId: "key", secretAccessKey: "secret" } });
  scope.defer(() => client.destroy());
  const address = await ObjectAddresses.own(client, settings).addressOf({ Bucket: "images", Key: "blob" });
  assert.ok(address.startsWith("https://store.example.com/images/blob?"), address);
});
