import { once } from "node:events";
import { endlessDigest } from "./hostile-upstream.mjs";
import { ask, digestOf, imageType, indexType, pushBlob, putManifest, rawConnection, repeat } from "./requests.mjs";

const mebibyte = 1024 * 1024;

/** An image whose manifest has the requested size. */
async function pushLargeImage(port, name, bytes, fields = {}) {
  const config = await pushBlob(port, name, Buffer.from("{}"));
  const annotations = { filler: "x".repeat(bytes) };
  const body = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: imageType, config, layers: [], annotations, ...fields }),
  );
  await putManifest(port, name, undefined, body);
  return { mediaType: imageType, digest: digestOf(body), size: body.length };
}

export const contentAttacks = [
  {
    name: "referrers through a fallback tag that lists one large manifest 200 times",
    prepare: async ({ port }) => {
      const subject = digestOf(Buffer.from("subject"));
      const child = await pushLargeImage(port, "own/bomb", 2.7 * mebibyte);
      const manifests = Array.from({ length: 200 }, () => child);
      await putManifest(
        port,
        "own/bomb",
        subject.replace(":", "-"),
        { schemaVersion: 2, mediaType: indexType, manifests },
        { type: indexType },
      );
      return subject;
    },
    run: ({ port, prepared, signal }) =>
      repeat(signal, 4, () => ask(port, "GET", `/v2/own/bomb/referrers/${prepared}`, { signal })),
  },
  {
    name: "manifests of 4 MiB: nested arrays, and many keys",
    run: ({ port, signal }) => {
      const bodies = [
        Buffer.from(`{"a":${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}}`),
        Buffer.from(
          JSON.stringify({
            annotations: Object.fromEntries(Array.from({ length: 180_000 }, (_, key) => [`k${key}`, "v"])),
          }),
        ),
      ];
      return repeat(signal, 4, (place) => putManifest(port, "own/json", "t", bodies[place % 2], { signal }));
    },
  },
  {
    name: "good manifests of 4 MiB, 40 at once",
    prepare: async ({ port }) => ({ config: await pushBlob(port, "own/large", Buffer.from("{}")) }),
    run: ({ port, prepared: { config }, signal }) => {
      const annotations = { filler: "x".repeat(4 * mebibyte - 1000) };
      return repeat(signal, 40, (place, round) => {
        const manifest = { schemaVersion: 2, mediaType: imageType, config, layers: [], annotations };
        const body = Buffer.from(JSON.stringify({ ...manifest, place, round }));
        return putManifest(port, "own/large", `t${place}`, body, { signal });
      });
    },
  },
  {
    name: "manifests with a wrong size for a blob of 64 MiB",
    prepare: ({ port }) => pushBlob(port, "own/lie", Buffer.alloc(64 * mebibyte)),
    run: ({ port, prepared, signal }) =>
      repeat(signal, 8, (_, round) => {
        const lie = { ...prepared, size: prepared.size - 1 - round };
        return putManifest(
          port,
          "own/lie",
          "t",
          { schemaVersion: 2, mediaType: imageType, config: lie, layers: [] },
          { signal },
        );
      }),
  },
  {
    name: "the catalog and lists of tags, page by page",
    run: ({ port, signal }) =>
      repeat(signal, 8, (_, round) => ask(port, "GET", `/v2/_catalog?n=1&last=${round}`, { signal })),
  },
  {
    name: "lists of 8 MB of ever new repositories of an upstream",
    run: ({ port, signal }) =>
      repeat(signal, 4, (place, round) =>
        ask(port, "GET", `/v2/hostile.example/l${place}/${round}/tags/list`, { signal }),
      ),
  },
  {
    name: "ever new tags of an upstream",
    run: ({ port, signal }) =>
      repeat(signal, 8, (place, round) =>
        ask(port, "HEAD", `/v2/hostile.example/app/manifests/t${place}-${round}`, { signal }),
      ),
  },
  {
    name: "endless blobs of an upstream, requested by clients that leave",
    run: ({ port, signal }) =>
      repeat(signal, 16, async (place, round) => {
        const socket = rawConnection(port, signal);
        socket.write(
          `GET /v2/hostile.example/app/blobs/${endlessDigest(place * 1_000_000 + round)} HTTP/1.1\r\nHost: a\r\n\r\n`,
        );
        await Promise.race([once(socket, "data"), once(socket, "close")]);
        socket.destroy();
      }),
  },
];
