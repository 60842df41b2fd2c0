import { strict as assert } from "node:assert";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { createUpstreamClient, type UpstreamSurroundings } from "../../src/upstream/create-upstream-client.js";
import type { RequestOptions, UpstreamBlob, UpstreamClient } from "../../src/upstream/upstream-client.js";
import { UpstreamError, type UpstreamErrorKind } from "../../src/upstream/upstream-error.js";
import type { EndpointSettings, UpstreamSettings } from "../../src/upstream/upstream-settings.js";
import { RecordedLog } from "./recorded-log.js";
import type { Scope } from "./scope.js";

type Setup = Partial<UpstreamSettings> &
  Omit<EndpointSettings, "url"> & { readonly surroundings?: Partial<UpstreamSurroundings> };

/** The client under test, for one address; it hardly waits between attempts. */
export function upstreamAt(scope: Scope, url: string, setup: Setup = {}): UpstreamClient {
  const { surroundings, credentials, realms, tls, network, ...settings } = setup;
  const endpoint: EndpointSettings = {
    url,
    ...(credentials && { credentials }),
    ...(realms && { realms }),
    ...(tls && { tls }),
    ...(network && { network }),
  };
  const upstream = createUpstreamClient(
    { name: "fake.example", endpoints: [endpoint], retryDelay: 1, ...settings },
    { version: "0.0.0", instanceId: "test", environment: {}, ...surroundings },
  );
  scope.defer(() => upstream.close());
  return upstream;
}

/** Options of every request, with a log that is discarded. */
export function requestOptions(options: Partial<RequestOptions> = {}): RequestOptions {
  return { signal: new AbortController().signal, log: new RecordedLog(), ...options };
}

/** The tags on all pages. */
export async function allTags(upstream: UpstreamClient, options = requestOptions()): Promise<string[]> {
  const tags: string[] = [];
  for await (const page of upstream.tagPages(parseRepositoryName("library/alpine"), options)) tags.push(...page);
  return tags;
}

export async function readWhole(blob: UpstreamBlob): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob.content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Waits for a failure of this kind and returns it; its message must match. */
export async function failureOf(
  request: Promise<unknown>,
  kind: UpstreamErrorKind,
  message = /./,
): Promise<UpstreamError> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    return error;
  }
  throw new Error("the request succeeded");
}
