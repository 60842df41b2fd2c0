import { algorithmOf, type Digest, digestInTurns, digestOf } from "../oci/digest.js";
import { readReceivedManifest } from "../oci/large-manifests.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import { type ManifestBounds, pushedBounds } from "../oci/manifest-scan.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import { isHtml } from "./answer-headers.js";
import { bodyForms, type ReceivedBody } from "./wire/content-coding.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** The response to a GET of a manifest. */
interface Received extends ReceivedBody {
  /** As the response claims. */
  readonly claimed: Digest | undefined;
}

interface Proven {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly reading: ManifestReading;
}

/**
 * Finds the manifest in the response: its plain bytes, or decoded if the response says that they are encoded. No
 * encoding was requested, so the digest decides, or without one, which form is a manifest at all.
 */
export async function provenManifest(received: Received, reference: Reference, maxBytes: number): Promise<Proven> {
  const expected = isDigestReference(reference) ? reference : received.claimed;
  let readable: Proven | undefined;
  for await (const bytes of bodyForms(received, maxBytes)) {
    const digest = await digestInTurns(bytes, expected && algorithmOf(expected));
    const isExpected = digest === expected;
    // For a tag, the response is the manifest. A header with another digest was not computed from these bytes.
    if (!isExpected && (isDigestReference(reference) || readable !== undefined)) continue;
    const { excess, reading } = await readReceivedManifest(bytes, boundsFor(maxBytes));
    if (excess !== undefined) throw new InvalidAnswerError(`its manifest is refused: ${excess}`);
    if (reading !== undefined && isExpected) return { digest, bytes, reading };
    if (reading !== undefined) readable = { digest, bytes, reading };
  }
  if (readable !== undefined) return readable;
  throw whatElse(received, reference);
}

/** A few bytes can be a value, so even a manifest of acceptable size may take seconds to parse. */
function boundsFor(maxBytes: number): ManifestBounds {
  return { ...pushedBounds, values: Math.max(pushedBounds.values, maxBytes / 28) };
}

function whatElse({ headers, bytes }: Received, reference: Reference): InvalidAnswerError {
  if (isHtml(headers)) return new InvalidAnswerError("it sends a web page");
  const encoding = headers["content-encoding"];
  const how = encoding === undefined ? "" : `, neither as it is nor decoded (${encoding})`;
  const isRight = isDigestReference(reference) && digestOf(bytes, algorithmOf(reference)) === reference;
  if (!isDigestReference(reference) || isRight) {
    return new InvalidAnswerError(`for a manifest it sends something other than a JSON object${how}`);
  }
  const digest = digestOf(bytes, algorithmOf(reference));
  return new InvalidAnswerError(`for ${reference} it sends content of the digest ${digest}${how}`);
}
