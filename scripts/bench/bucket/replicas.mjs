import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { join } from "node:path";
import { runClient } from "../client.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { writeImageLayout } from "../image-layout.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { freePort } from "../server.mjs";
import { pushImage } from "../skopeo.mjs";
import { atMost, atMostTimes } from "../targets.mjs";
import { withUpstream } from "../upstream.mjs";

const repository = "library/bench";
const cold = 200_000_000;
const clientsOfReplicas = [17, 17, 16];
const limitSeconds = 120;

/** Each request goes to the other one of two replicas, which in Berth's case know each other. */
const roundRobin = {
  rows: [
    {
      id: "image-push-replicas",
      title: "push of a 250 MB image over two replicas",
      unit: "s",
      target: atMostTimes(0.8, "registry3"),
    },
  ],
  async measure({ settings, folder, store, withServer }) {
    const image = join(folder, "image");
    if (!existsSync(image)) writeImageLayout(image, { layers: 5, layerSize: 50_000_000 });
    const seconds = [];
    for (let run = 0; run < settings.runs; run++) {
      const started = { count: 2, bucket: await store.bucket(), keyFile: clusterKey(folder), withServer };
      await withReplicas(started, { mode: "private" }, async (replicas) => {
        const balancer = await startBalancer(replicas.map(({ port }) => port));
        seconds.push(await pushImage(image, balancer));
        balancer.stop();
      });
    }
    return { "image-push-replicas": seconds };
  },
};

/** 50 clients ask three caches on one bucket, at the same time, for a blob that none of them has. */
const herd = {
  rows: [
    {
      id: "herd-bytes",
      title: "50 clients, 3 replicas, one cold 200 MB blob: from upstream",
      unit: "x its size",
      target: atMost(1),
    },
    { id: "herd-wall", title: "the same: all have it", unit: "s" },
  ],
  isLong: true,
  async measure({ folder, store, withServer, settings, peer }) {
    if (peer !== "berth") return {};
    const values = { "herd-bytes": [], "herd-wall": [] };
    let blob;
    const seed = (layout) => {
      blob = layout.putRandomBlob(repository, cold);
      layout.putImage(repository, ["latest"], [blob]);
    };
    await withUpstream({ folder, seed }, async (upstream) => {
      for (let run = 0; run < settings.runs; run++) {
        const cached = { upstreams: [{ name: "upstream", url: upstream.url }], default: "upstream" };
        const started = { count: 3, bucket: await store.bucket(), keyFile: clusterKey(folder), withServer };
        await withReplicas(started, { mode: "proxy", proxy: cached }, async (replicas) => {
          const { bytes, seconds } = await measureHerd(replicas, upstream, blob);
          values["herd-bytes"].push(bytes / cold);
          values["herd-wall"].push(seconds);
        });
      }
    });
    return values;
  },
};

async function measureHerd(replicas, upstream, blob) {
  for (const replica of replicas)
    await fetchChecked(replica, `/v2/${repository}/manifests/latest`, { headers: { Accept: acceptedManifests } });
  await upstream.takeCounts();
  const path = `/v2/${repository}/blobs/${blob.digest}`;
  const asked = replicas.map(({ port }, index) =>
    runClient("herd", {
      ...{ port, path, file: upstream.blobFile(blob.digest) },
      ...{ fast: clientsOfReplicas[index], slow: { count: 0 }, limitSeconds },
    }),
  );
  const answers = await Promise.all(asked);
  if (answers.some(({ firstBytes }) => firstBytes === undefined))
    throw new Error(`not all had the blob within ${limitSeconds} s`);
  const { blobBytes } = await upstream.takeCounts();
  return { bytes: blobBytes, seconds: Math.max(...answers.map(({ seconds }) => seconds)) };
}

/** Runs work with several servers that share a bucket; those of Berth know each other. */
async function withReplicas({ count, bucket, keyFile, withServer }, sections, work, running = []) {
  if (running.length === count) return work(running);
  const cluster = { listen: `127.0.0.1:${await freePort()}`, keyFile };
  return withServer({ ...bucket, sections: { ...sections, cluster } }, (server) =>
    withReplicas({ count, bucket, keyFile, withServer }, sections, work, [...running, server]),
  );
}

function clusterKey(folder) {
  const file = join(folder, "cluster-key");
  writeFileSync(file, randomBytes(32).toString("hex"));
  return file;
}

/** Passes each request on to the next of several servers. */
async function startBalancer(ports) {
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    const port = ports[next++ % ports.length];
    const outgoing = request({ host: "127.0.0.1", port, method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    stop() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

export const replicaMeasurements = [roundRobin, herd];
