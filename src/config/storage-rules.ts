import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";

type S3Config = NonNullable<Config["storage"]["s3"]>;
type Checked = "accessKeyId" | "secretAccessKey" | "sessionToken" | "sse" | "sseKmsKeyId";

/** The section; values that are invalid by themselves are missing. */
export interface StorageDraft {
  readonly driver: Config["storage"]["driver"] | undefined;
  readonly s3:
    | ({ readonly [Key in Checked]: S3Config[Key] | undefined } & {
        readonly endpoint: string | undefined;
        readonly redirect: { readonly endpoint: string | undefined } | undefined;
      })
    | undefined;
}

/** Contradictions within `storage`. */
export function brokenStorageRules({ driver, s3 }: StorageDraft, publicUrl: string | undefined): readonly BrokenRule[] {
  if (driver !== "s3") return [];
  if (s3 === undefined) return [broken("bucket", "must name the bucket that storage.driver: s3 uses")];
  const { accessKeyId, secretAccessKey, sessionToken, sse, sseKmsKeyId } = s3;
  return [
    ...(accessKeyId !== undefined && secretAccessKey === undefined
      ? [broken("secretAccessKey", "must be given, since accessKeyId is")]
      : []),
    ...(secretAccessKey !== undefined && accessKeyId === undefined
      ? [broken("accessKeyId", "must be given, since secretAccessKey is")]
      : []),
    ...(sessionToken !== undefined && accessKeyId === undefined
      ? [broken("sessionToken", "belongs to accessKeyId and secretAccessKey, which are not given")]
      : []),
    ...(sseKmsKeyId !== undefined && (sse === "none" || sse === "AES256")
      ? [broken("sseKmsKeyId", "needs sse: aws:kms")]
      : []),
    ...(s3.redirect === undefined ? [] : ownHostAsStore(s3.redirect.endpoint ?? s3.endpoint, publicUrl)),
  ];
}

/** Clients written in Go, docker among them, send their credentials on to the registry's host and to all below it. */
function ownHostAsStore(store: string | undefined, publicUrl: string | undefined): readonly BrokenRule[] {
  if (store === undefined || publicUrl === undefined) return [];
  const [host, own] = [new URL(store).hostname, new URL(publicUrl).hostname];
  if (host !== own && !host.endsWith(`.${own}`)) return [];
  const message = `${host} is the registry's own host ${own}, or below it: docker would send the store its credentials, and be refused; give the store another name`;
  return [{ path: ["storage", "s3", "redirect"], causedBy: [["server", "publicUrl"]], message }];
}

function broken(key: string, message: string): BrokenRule {
  return { path: ["storage", "s3", key], causedBy: [["storage", "driver"]], message };
}
