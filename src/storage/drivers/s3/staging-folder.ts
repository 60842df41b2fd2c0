import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Settings } from "./s3-settings.js";

/** Processes on one bucket share a folder, and no others. */
export function stagingOf({ staging, endpoint = "", bucket, prefix = "" }: S3Settings): string {
  const name = createHash("sha256").update([endpoint, bucket, prefix].join("\n")).digest("hex").slice(0, 16);
  return join(staging ?? join(tmpdir(), "berth-staging"), name);
}
