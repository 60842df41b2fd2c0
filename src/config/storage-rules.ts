import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";

type S3Config = NonNullable<Config["storage"]["s3"]>;
type Checked = "accessKeyId" | "secretAccessKey" | "sessionToken" | "sse" | "sseKmsKeyId";

/** The section; values that are invalid by themselves are missing. */
export interface StorageDraft {
  readonly driver: Config["storage"]["driver"] | undefined;
  readonly s3: { readonly [Key in Checked]: S3Config[Key] | undefined } | undefined;
}

/** Contradictions within `storage`. */
export function brokenStorageRules({ driver, s3 }: StorageDraft): readonly BrokenRule[] {
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
  ];
}

function broken(key: string, message: string): BrokenRule {
  return { path: ["storage", "s3", key], causedBy: [["storage", "driver"]], message };
}
