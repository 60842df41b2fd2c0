import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { runClient } from "../client.mjs";
import { PushClient } from "../clients/push-client.mjs";
import { downloadAtOnce } from "../curl.mjs";
import { writeImageLayout } from "../image-layout.mjs";
import { acceptedManifests, emptyConfig, imageManifest, imageManifestType } from "../manifest.mjs";
import { median } from "../report.mjs";
import { pushImage } from "../skopeo.mjs";
import { atLeastTimes, atMost, atMostTimes } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";
import { CountingRelay } from "./relay.mjs";
import { replicaMeasurements } from "./replicas.mjs";
import { countRequests, sumOf } from "./requests.mjs";

const repository = "bench";
const large = 200_000_000;
const clients = 4;
const repositories = 20_000;

/** @typedef {{ settings: object, folder: string, store: object, withServer: Function }} Bench */

const requests = {
  rows: [
    {
      id: "layer-requests",
      title: "requests per layer (POST, PATCH, PUT)",
      unit: "",
      target: atMostTimes(0.5, "registry3"),
    },
    { id: "put-requests", title: "requests per blob (POST, PUT)", unit: "", target: atMostTimes(0.5, "registry3") },
    { id: "manifest-requests", title: "requests per manifest push (two blobs, one tag)", unit: "" },
    { id: "pull-requests", title: "requests per pull (manifest, config, layer)", unit: "" },
  ],
  async measure({ store, withServer }) {
    const relay = await CountingRelay.start(store.port);
    const bucket = { ...(await store.bucket()), endpoint: relay.endpoint };
    try {
      return await withServer(bucket, async (server) => {
        const counted = await countRequests(server, relay);
        const sum = (...titles) => [titles.reduce((total, title) => total + sumOf(counted.get(title)), 0)];
        return {
          "layer-requests": sum("layer: POST", "layer: PATCH", "layer: PUT"),
          "put-requests": sum("blob in one PUT"),
          "manifest-requests": sum("manifest push"),
          "pull-requests": sum("manifest by tag", "small blob", "layer"),
        };
      });
    } finally {
      relay.stop();
    }
  },
};

/** A fresh bucket each time: an existing blob would not be pushed again. */
const imagePush = {
  rows: [
    { id: "image-push", title: "push of a 250 MB image", unit: "s", target: atMostTimes(0.8, "registry3") },
    { id: "image-push-cpu", title: "push of a 250 MB image", unit: "CPU s" },
  ],
  async measure({ settings, folder, store, withServer }) {
    const image = join(folder, "image");
    if (!existsSync(image)) writeImageLayout(image, { layers: 5, layerSize: 50_000_000 });
    const values = { "image-push": [], "image-push-cpu": [] };
    for (let run = 0; run < settings.runs; run++) {
      await withServer(await store.bucket(), async (server) => {
        const cpuBefore = server.tree.cpuSeconds();
        values["image-push"].push(await pushImage(image, server));
        values["image-push-cpu"].push(server.tree.cpuSeconds() - cpuBefore);
      });
    }
    return values;
  },
};

const largeBlob = {
  rows: [
    { id: "blob-200mb", title: "200 MB blob, 4 clients", unit: "GB/s", target: atLeastTimes(1, "registry3") },
    { id: "blob-200mb-cpu", title: "200 MB blob, 4 clients", unit: "CPU s/GB" },
  ],
  async measure({ settings, store, withServer }) {
    const bytes = randomBytes(large);
    return withServer(await store.bucket(), async (server) => {
      const { digest } = await push(server, bytes);
      const url = `${server.url}/v2/${repository}/blobs/${digest}`;
      const values = { "blob-200mb": [], "blob-200mb-cpu": [] };
      for (let run = 0; run < settings.runs; run++) {
        const cpuBefore = server.tree.cpuSeconds();
        const seconds = await downloadAtOnce(url, { clients, times: 1, size: large });
        values["blob-200mb"].push((large * clients) / 1e9 / seconds);
        values["blob-200mb-cpu"].push((server.tree.cpuSeconds() - cpuBefore) / ((large * clients) / 1e9));
      }
      return values;
    });
  },
};

/** One client, one request after another, in turns with raw GETs of the same object, so that other load affects both. */
const smallBlob = {
  rows: [{ id: "blob-100kb", title: "100 kB blob, p50, as part of a raw GET's", unit: "x", target: atMost(1.2) }],
  async measure({ settings, store, withServer }) {
    const bucket = await store.bucket();
    return withServer(bucket, async (server) => {
      const { digest } = await push(server, randomBytes(100_000));
      const hex = digest.slice("sha256:".length);
      const Key = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
      const raw = async () => {
        const { Body } = await store.client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key }));
        await Body.transformToByteArray();
      };
      const pull = async () => (await fetch(`${server.url}/v2/${repository}/blobs/${digest}`)).arrayBuffer();
      const ratios = [];
      for (let run = 0; run <= settings.runs; run++) {
        const times = { raw: [], pull: [] };
        for (let round = 0; round < 100; round++) {
          times.raw.push(await timeOf(raw));
          times.pull.push(await timeOf(pull));
        }
        if (run > 0) ratios.push(median(times.pull) / median(times.raw));
      }
      return { "blob-100kb": ratios };
    });
  },
};

const manifests = {
  rows: [
    { id: "manifest-by-tag", title: "manifest by tag", unit: "requests/s", target: atLeastTimes(5, "registry3") },
    { id: "manifest-by-digest", title: "manifest by digest", unit: "requests/s" },
  ],
  async measure({ settings, store, withServer }) {
    return withServer(await store.bucket(), async (server) => {
      const config = await push(server, emptyConfig);
      const bytes = imageManifest({ config, layers: [await push(server, randomBytes(1_000))] });
      const client = new PushClient(server.port);
      await client.pushManifest({ repository, tag: "latest", mediaType: imageManifestType, bytes });
      client.close();
      const rates = (reference) =>
        requestRates(server, {
          paths: [`/v2/${repository}/manifests/${reference}`],
          headers: { Accept: acceptedManifests },
          settings,
        });
      return { "manifest-by-tag": await rates("latest"), "manifest-by-digest": await rates(digestOf(bytes)) };
    });
  },
};

const memory = {
  rows: [
    {
      id: "memory",
      title: "memory, 200 downloads of 200 MB and 200 uploads of 20 MB",
      unit: "MB",
      target: atMost(300),
    },
  ],
  isLong: true,
  async measure({ store, withServer }) {
    return withServer(await store.bucket(), async (server) => {
      const { digest } = await push(server, randomBytes(large));
      await runClient("transfers", {
        port: server.port,
        downloads: { count: 200, size: large, path: `/v2/${repository}/blobs/${digest}` },
        uploads: { count: 200, size: 20_000_000, repository },
      });
      return { memory: [server.tree.peakResidentBytes() / 1e6] };
    });
  },
};

const catalog = {
  rows: [
    {
      id: "catalog",
      title: `first page of the catalog of ${repositories} repositories`,
      unit: "s",
      target: atMost(0.5),
    },
  ],
  isLong: true,
  async measure({ settings, store, withServer }) {
    const bucket = await store.bucket();
    await store.fill(bucket.bucket, repositoryLinks());
    const seconds = [];
    for (let run = 0; run < settings.runs; run++) {
      await withServer(bucket, async (server) => {
        const url = `${server.url}/v2/_catalog?n=100`;
        seconds.push((await timeOf(async () => (await fetch(url)).json())) / 1000);
      });
    }
    return { catalog: seconds };
  },
};

/** As many repositories with a manifest each, half of them with a parent. */
function* repositoryLinks() {
  for (let index = 0; index < repositories; index++) {
    const name = index % 2 === 0 ? `app${index}` : `team${index % 100}/app${index}`;
    const digest = digestOf(Buffer.from(name));
    const link = `_manifests/revisions/${digest.replace(":", "/")}/link`;
    yield [`docker/registry/v2/repositories/${name}/${link}`, digest];
  }
}

async function push({ port }, bytes) {
  const client = new PushClient(port);
  const pushed = await client.pushBlob(repository, bytes);
  client.close();
  return pushed;
}

async function timeOf(act) {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** In the order of the table. */
export const bucketMeasurements = [
  ...[requests, imagePush, largeBlob, smallBlob, manifests],
  ...replicaMeasurements,
  ...[memory, catalog],
];
