import type { S3Client } from "@aws-sdk/client-s3";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Settings } from "./s3-settings.js";
import { faultOf, isPassing, type StoreFault } from "./store-error.js";

const unreachable: readonly string[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "TimeoutError",
  "ETIMEDOUT",
];

const untrusted = /certificate|self.signed|CERT_|SSL|TLS/i;

/** Tries to list the bucket. @throws StorageError with a sentence that says what is wrong, and which setting to change */
export async function checkBucket(client: S3Client, settings: S3Settings): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send(new ListObjectsV2Command({ Bucket: settings.bucket, MaxKeys: 1 }));
      return;
    } catch (error) {
      const fault = faultOf(error);
      // The client sets its clock by the store's, and a store that starts up is given a moment.
      if (attempt < 3 && isPassing(fault) && !unreachable.includes(fault.code)) continue;
      throw new StorageError("unavailable", explain(fault, error, settings), { cause: error });
    }
  }
}

function explain(fault: StoreFault, error: unknown, settings: S3Settings): string {
  const { code, message, status } = fault;
  const { bucket, endpoint, region, caFile } = settings;
  const where = endpoint === undefined ? "" : ` at ${endpoint}`;
  const rightRegion = regionIn(error);
  if (rightRegion !== undefined)
    return `storage.s3.region: bucket ${bucket} is in ${rightRegion}, not in ${region ?? "the region that is set"}: set it to ${rightRegion}`;
  const aboutKeys = explainKeys(fault, where);
  if (aboutKeys !== undefined) return aboutKeys;
  if (code === "NoSuchBucket" || status === 404)
    return `storage.s3.bucket: there is no bucket ${bucket}${where}: create it, or name another`;
  if (status === 403)
    return `storage.s3: these keys may not list bucket ${bucket}${where}: allow s3:ListBucket, GetObject, PutObject, DeleteObject and AbortMultipartUpload on it`;
  if (unreachable.includes(code))
    return `storage.s3.endpoint: the store${where} cannot be reached (${message || code})`;
  const remedy = caFile === undefined ? "name the file of its authority" : `${caFile} does not contain its authority`;
  if (untrusted.test(`${code} ${message}`))
    return `storage.s3.caFile: the certificate of the store${where} is not trusted (${message}): ${remedy}`;
  return `storage.s3: bucket ${bucket}${where} cannot be used (${code}: ${message})`;
}

/** What is wrong with the credentials, or with the signatures made with them. */
function explainKeys({ code, message }: StoreFault, where: string): string | undefined {
  switch (code) {
    case "CredentialsProviderError":
    case "TokenProviderError":
      return `storage.s3: no credentials were found: set accessKeyId and secretAccessKey, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role (${message})`;
    case "InvalidAccessKeyId":
      return `storage.s3.accessKeyId: the store${where} does not know this key`;
    case "SignatureDoesNotMatch":
      return `storage.s3.secretAccessKey: the store${where} says that it does not belong to this access key`;
    case "ExpiredToken":
    case "InvalidToken":
      return `storage.s3.sessionToken: it is invalid or has expired${where}: get new keys`;
    case "RequestTimeTooSkewed":
      return `the clock of this machine differs too much from that of the store${where}: set it, for example by NTP`;
    default:
      return undefined;
  }
}

/** Stores name the right region in the error or in a header. */
function regionIn(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("Region" in error && typeof error.Region === "string") return error.Region;
  if (!("$response" in error) || typeof error.$response !== "object" || error.$response === null) return undefined;
  const { $response } = error;
  if (!("headers" in $response) || typeof $response.headers !== "object" || $response.headers === null)
    return undefined;
  const named: unknown = Reflect.get($response.headers, "x-amz-bucket-region");
  const isRedirected = [301, 307, 400].includes(faultOf(error).status ?? 0);
  return isRedirected && typeof named === "string" ? named : undefined;
}
