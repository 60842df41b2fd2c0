import { strict as assert } from "node:assert";
import { expectStatus } from "./content.js";
import { locationOf, type RegistryClient } from "./registry-client.js";

/** Starts an upload session and returns its location. */
export async function startUpload(client: RegistryClient, name: string): Promise<string> {
  const answer = await client.request("POST", `/v2/${name}/blobs/uploads/`);
  expectStatus(answer, 202, `start of an upload to ${name}`);
  return locationOf(answer);
}

/** How many bytes of a session the registry reports, or `undefined` if it knows no such session. */
export async function offsetOf(client: RegistryClient, session: string): Promise<number | undefined> {
  const answer = await client.get(session);
  if (answer.status === 404) return undefined;
  expectStatus(answer, 204, `status of ${session}`);
  const end = /^0-(\d+)$/.exec(answer.headers.range ?? "")?.[1];
  assert.ok(end !== undefined, `Range of ${session}: ${answer.headers.range}`);
  // 0-0 is also sent for an empty session.
  return end === "0" ? 0 : Number(end) + 1;
}

/**
 * Appends the rest of a blob to a session that was cut off at `offset`, as a client that resumes does, and finishes it.
 */
export async function resumeUpload(
  client: RegistryClient,
  session: string,
  blob: { bytes: Buffer; digest: string; offset: number },
): Promise<void> {
  const { bytes, digest, offset } = blob;
  const rest = bytes.subarray(offset);
  const headers = { "content-range": `${offset}-${bytes.length - 1}`, "content-type": "application/octet-stream" };
  const appended = await client.request("PATCH", session, { body: rest, headers });
  expectStatus(appended, 202, `resumption of ${session} at ${offset}`);
  const finished = await client.request("PUT", locationOf(appended, `digest=${digest}`));
  expectStatus(finished, 201, `end of ${session}`);
}

/**
 * The same, as a client does it that returned before everything it had sent was stored: bytes still being received move
 * the end of the session, and the refusal says where to.
 */
export async function resumeAsTold(
  client: RegistryClient,
  session: string,
  blob: { bytes: Buffer; digest: string },
): Promise<void> {
  const { bytes, digest } = blob;
  for (let offset = (await offsetOf(client, session)) ?? 0; ; ) {
    const headers = { "content-range": `${offset}-${bytes.length - 1}` };
    const appended = await client.request("PATCH", session, { body: bytes.subarray(offset), headers });
    if (appended.status !== 416) {
      expectStatus(appended, 202, `resumption of ${session} at ${offset}`);
      break;
    }
    const moved = Number(appended.headers.range?.slice("0-".length)) + 1;
    assert.ok(moved > offset && moved < bytes.length, `moved from ${offset} to ${moved}`);
    offset = moved;
  }
  expectStatus(await client.request("PUT", `${session}?digest=${digest}`), 201, `end of ${session}`);
}
