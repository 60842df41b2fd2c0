import { strict as assert } from "node:assert";
import { dirname } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { seededBytes } from "../support/content.js";
import { type TracedCall, traceDisk } from "../support/disk-trace.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

test("what is acknowledged is on the disk: content before its name, folders before the response", async (t) => {
  const scope = new Scope(t);
  const { client, daemon, root } = await startBerth(scope);
  const trace = await traceDisk(scope, daemon.pid, () => client.get("/v2/"));

  const large = seededBytes("more than a disk thread syncs", 3_000_000);
  const session = await startUpload(client, "app");
  assert.equal((await client.request("PATCH", session, { body: large })).status, 202);
  assert.equal((await client.request("PUT", `${session}?digest=${digestOf(large)}`)).status, 201);
  await pushSmallImage(client, "app", "a layer", { tag: "1.0" });
  assert.equal((await client.request("DELETE", "/v2/app/manifests/1.0")).status, 202);

  const calls = await waitUntil("all answers are in the trace", async () => {
    const found = await trace.read();
    return found.some(({ args }) => args.includes("HTTP/1.1 202") && isAfterLastRename(found, args))
      ? found
      : undefined;
  });
  assertSyncedInTime(calls, root);
});

/**
 * Replays everything that was done, and checks at each acknowledgement what was not synced by then. Unfinished uploads,
 * and what a tag pointed at in the past, may be lost in a power failure.
 */
function assertSyncedInTime(calls: readonly TracedCall[], root: string): void {
  const syncedFiles = new Set<string>();
  const unsyncedFolders = new Set<string>();
  let acknowledgements = 0;
  for (const { call, args } of calls) {
    const paths = [...args.replace(/^AT_FDCWD<[^>]*>, /, "").matchAll(/"([^"]*)"|<([^>]*)>/g)].map(
      ([, quoted, open]) => quoted ?? open ?? "",
    );
    const [path = "", to = ""] = paths;
    if (call === "fsync" || call === "fdatasync") {
      syncedFiles.add(path);
      unsyncedFolders.delete(path);
    } else if (call === "rename" && to.startsWith(`${root}/docker`)) {
      assert.ok(syncedFiles.has(path), `${to} got its name before its content was synced`);
      unsyncedFolders.add(dirname(to));
    } else if (call === "openat" && args.includes("O_EXCL") && path.startsWith(`${root}/docker`)) {
      // Made at its place: a file without content, for which the sync of its folder is enough, or a trace of the past.
      assert.ok(
        /\/_(tagged|history)\//.test(path) || isTrace(path),
        `${path} got its name before its content was synced`,
      );
      if (!isTrace(path)) unsyncedFolders.add(dirname(path));
    } else if (call === "rename" && path.startsWith(`${root}/docker`)) {
      unsyncedFolders.add(dirname(path));
    } else if (call === "mkdir" && path.startsWith(`${root}/docker`) && !path.includes("/_uploads") && !isTrace(path)) {
      unsyncedFolders.add(dirname(path));
    } else if (/HTTP\/1\.1 20[12]/.test(args) && !args.includes("/blobs/uploads/")) {
      acknowledgements++;
      assert.deepEqual([...unsyncedFolders], [], "a response was sent before these folders were synced");
    }
  }
  assert.ok(acknowledgements >= 4, `only ${acknowledgements} answers were seen`);
}

function isTrace(path: string): boolean {
  return /\/_manifests\/tags\/[^/]+\/index(\/|$)/.test(path);
}

/** The deletion is the last request, and moves the tag's folder away. */
function isAfterLastRename(calls: readonly TracedCall[], answer: string): boolean {
  const last = calls.findLastIndex(({ call, args }) => call === "rename" && args.includes('/tags/1.0"'));
  return last >= 0 && calls.findLastIndex(({ args }) => args === answer) > last;
}
