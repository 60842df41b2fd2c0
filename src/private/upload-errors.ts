import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";

export function unknownUpload(id: string): RegistryError {
  return new RegistryError(
    "BLOB_UPLOAD_UNKNOWN",
    "this repository has no such upload session: it was finished, cancelled or purged, or belongs to another repository",
    { detail: { id: id.slice(0, 64) } },
  );
}

/** 416 tells the client to ask for the offset and continue there (distribution-spec, "Pushing a blob in chunks"). */
export function outOfOrder(id: string, offset: number): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", `the chunk does not start where the upload ends, at ${offset}`, {
    status: 416,
    detail: { id, offset },
    headers: { Range: `0-${Math.max(0, offset - 1)}` },
  });
}

export function digestMismatch(claimed: string, actual: Digest, size: number): RegistryError {
  return new RegistryError("DIGEST_INVALID", `the ${size} bytes received have the digest ${actual}, not ${claimed}`, {
    detail: { digest: claimed, actual, size },
  });
}

export function takenOver(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", "a newer request took over the upload");
}
