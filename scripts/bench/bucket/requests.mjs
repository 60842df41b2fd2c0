import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { PushClient } from "../clients/push-client.mjs";
import { acceptedManifests, emptyConfig, imageManifest, imageManifestType } from "../manifest.mjs";

const repository = "bench/requests";
const layerSize = 20_000_000;
/** Longer than any answer that may be a moment old. */
const settleMs = 2_500;

/** The first and second time, so that what is done once for each repository is told apart. */
const times = 2;

/** Counts the requests to the store that single operations take. @returns Map from the operation to counts by kind */
export async function countRequests({ port }, relay) {
  const client = new PushClient(port);
  const counted = new Map();
  const count = async (title, act) => {
    // What a server does after its answer belongs to the operation.
    await sleep(settleMs);
    relay.take();
    const result = await act();
    await sleep(settleMs / 5);
    counted.set(title, relay.take());
    return result;
  };
  let image;
  for (let time = 1; time <= times; time++) {
    const layer = await pushLayerInSteps(client, count, time === 1 ? "first layer" : "layer");
    const config = await count("blob in one PUT", () => client.pushBlob(repository, randomBytes(1_000)));
    image = { layer, config, manifest: imageManifest({ config, layers: [layer] }) };
    const tag = `v${time}`;
    await count("manifest push", () =>
      client.pushManifest({ repository, tag, mediaType: imageManifestType, bytes: image.manifest }),
    );
    if (time === 1) await client.pushBlob(repository, emptyConfig);
  }
  client.close();
  await countPulls(port, image, count);
  return counted;
}

/** As docker pushes: POST, PATCH without a length, PUT. */
async function pushLayerInSteps(client, count, title) {
  const bytes = randomBytes(layerSize);
  const digest = digestOf(bytes);
  const location = await count(`${title}: POST`, () => client.startUpload(repository));
  const next = await count(`${title}: PATCH`, () =>
    client.appendUpload(location, async (outgoing) => {
      outgoing.end(bytes);
    }),
  );
  await count(`${title}: PUT`, () => client.finishUpload(next, digest, Buffer.alloc(0)));
  return { digest, size: layerSize };
}

async function countPulls(port, { layer, config, manifest }, count) {
  const get = async (path, method = "GET") => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/${repository}${path}`, {
      method,
      headers: { accept: acceptedManifests },
    });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status}`);
  };
  for (const time of ["first ", ""]) {
    await count(`${time}manifest by tag`, () => get("/manifests/v2"));
    await count(`${time}manifest by digest`, () => get(`/manifests/${digestOf(manifest)}`));
    await count(`${time}HEAD layer`, () => get(`/blobs/${layer.digest}`, "HEAD"));
    await count(`${time}small blob`, () => get(`/blobs/${config.digest}`));
    await count(`${time}layer`, () => get(`/blobs/${layer.digest}`));
  }
}

function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function sumOf(counts) {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
