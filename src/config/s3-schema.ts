import { network, registryUrl } from "./address-kinds.js";
import { optionalSection, optionalSetting, requiredSetting, setting } from "./definition.js";
import { duration, filePath, listOf, oneOf, size, text, truth } from "./kinds.js";
import { namePattern } from "./name-kinds.js";

const needsRestart = true;

/** Everything about the bucket of `storage.driver: s3`. */
const redirect = optionalSection(
  "Sends pulls of large blobs to presigned addresses of the store; without it, Berth sends all content itself.",
  {
    endpoint: optionalSetting(registryUrl, {
      example: "https://store.example.com",
      meaning: "Address of the store for clients, if it differs from endpoint; never the registry's own host.",
      needsRestart,
    }),
    repositories: setting(listOf(namePattern), {
      default: ["**"],
      meaning: "Repositories whose blobs are read from the store; * is one part of a name, ** any number.",
    }),
    networks: setting(listOf(network), {
      default: [],
      meaning: "Addresses and networks of the clients that can reach the store; none listed means all.",
    }),
    minSize: setting(size({ from: "0B", to: "1TiB" }), {
      default: "1MiB",
      meaning: "Smaller blobs are sent by Berth, since a second request would take longer.",
    }),
    expires: setting(duration({ from: "1m", to: "7d" }), {
      default: "20m",
      meaning: "Time for which an address is valid; a download that began before goes on.",
      needsRestart,
    }),
  },
);

const localCache = optionalSection(
  "Keeps copies of pulled blobs on the local disk, so that the next pull reads them there and not in the bucket.",
  {
    root: requiredSetting(filePath, {
      example: "/var/cache/berth",
      meaning: "Folder for the copies; several workers and servers of one machine can share it.",
      needsRestart,
    }),
    maxSize: setting(size({ from: "1MiB", to: "1024TiB" }), {
      default: "10GiB",
      meaning: "Size of all copies; those that were not pulled for the longest time are deleted first.",
      needsRestart,
    }),
  },
);

export const s3 = optionalSection("Settings of the s3 driver: a bucket of AWS, MinIO, Ceph, R2 or another store.", {
  bucket: requiredSetting(text, {
    example: "images",
    meaning: "The bucket; it must exist. That of registry:2 or registry:3 works unchanged.",
    needsRestart,
  }),
  region: optionalSetting(text, {
    example: "eu-central-1",
    meaning: "Its region; by default that of the environment, and any if an endpoint is given.",
    needsRestart,
  }),
  endpoint: optionalSetting(registryUrl, {
    example: "https://minio.example.com:9000",
    meaning: "Address of a store other than AWS.",
    needsRestart,
  }),
  prefix: optionalSetting(text, {
    example: "registry",
    meaning: "Keys begin with it; registry:2 calls it rootdirectory.",
    needsRestart,
  }),
  pathStyle: optionalSetting(truth, {
    example: "true",
    meaning: "Whether the bucket is part of the path, not of the host name; by default if an endpoint is given.",
    needsRestart,
  }),
  accessKeyId: optionalSetting(text, {
    example: "AKIAEXAMPLE",
    meaning: "Access key; without it those of the environment, a profile, or the role of the pod or machine are used.",
    secret: true,
    needsRestart,
  }),
  secretAccessKey: optionalSetting(text, {
    example: "secret",
    meaning: "Its secret.",
    secret: true,
    needsRestart,
  }),
  sessionToken: optionalSetting(text, {
    example: "token",
    meaning: "Belongs to keys that expire.",
    secret: true,
    needsRestart,
  }),
  roleArn: optionalSetting(text, {
    example: "arn:aws:iam::123456789012:role/berth",
    meaning: "A role to assume with these keys.",
    needsRestart,
  }),
  caFile: optionalSetting(filePath, {
    example: "/etc/berth/store-ca.pem",
    meaning: "Certificates of the authorities to trust, for a store with a certificate of a private authority.",
    needsRestart,
  }),
  sse: setting(oneOf("none", "AES256", "aws:kms", "aws:kms:dsse"), {
    default: "none",
    meaning: "Encryption by the store; none leaves it to the settings of the bucket.",
    needsRestart,
  }),
  sseKmsKeyId: optionalSetting(text, {
    example: "alias/images",
    meaning: "Key for aws:kms, if not that of the bucket.",
    needsRestart,
  }),
  storageClass: optionalSetting(text, {
    example: "STANDARD_IA",
    meaning: "Storage class of new objects, if not that of the bucket.",
    needsRestart,
  }),
  partSize: setting(size({ from: "5MiB", to: "5GiB" }), {
    default: "32MiB",
    meaning: "Size of the first thousand parts of a large blob; later ones grow, so that 5 TB fit.",
    needsRestart,
  }),
  tagFreshness: setting(duration({ from: "0s", to: "1m" }), {
    default: "1s",
    meaning: "Time after which pulls of a busy tag see that another replica has moved it; other pulls see it at once.",
    needsRestart,
  }),
  equalParts: setting(truth, {
    default: false,
    meaning: "true: parts do not grow, for stores such as R2 that want all of one size.",
    needsRestart,
  }),
  redirect,
  localCache,
  staging: optionalSetting(filePath, {
    example: "/var/lib/berth/staging",
    meaning:
      "Local folder for parts and downloads that are not complete; by default below the system's temporary folder.",
    needsRestart,
  }),
});
