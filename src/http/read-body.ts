import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";

/**
 * Reads a small body whole. Bytes are counted, since a length is often not announced, and when it is, may be a lie.
 * @throws RegistryError with status 413 as soon as there is more than may be
 */
export async function readBody(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  if (Number(exchange.header("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of exchange.request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** An encoded body is neither unpacked, which could make it any size, nor stored as something it is not. */
export function refuseEncodedBody(exchange: Exchange): void {
  const encoding = exchange.header("content-encoding");
  if (encoding === undefined || encoding === "identity") return;
  throw new RegistryError("UNSUPPORTED", "content is stored as it comes: send it without Content-Encoding", {
    status: 415,
  });
}

function tooLarge(maxBytes: number): RegistryError {
  return new RegistryError(
    "SIZE_INVALID",
    `the body has more than ${maxBytes} bytes; private.manifestMaxSize sets how many a manifest may have`,
    {
      status: 413,
    },
  );
}
