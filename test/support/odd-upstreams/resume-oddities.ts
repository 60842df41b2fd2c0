import { seededBytes } from "../content.js";
import { partOf } from "../fake-upstream/content.js";
import { cutAt, type Fault, header, status } from "../fake-upstream/faults.js";
import type { Oddity } from "./oddity.js";

const layerSize = 200_000;

/** Responses to the request for the rest of an interrupted download; the whole is available at all times. */
const ranges: Readonly<Record<string, Fault>> = {
  "a 206 with less than the rest": (reply) => ({
    ...reply,
    headers: { ...reply.headers, "content-range": shortened(reply.headers["content-range"] ?? "") },
    body: partOf(reply.body, 0, Math.ceil(reply.body.size / 2)),
  }),
  "a 206 without Content-Range": header("content-range", ""),
  "400": status(400),
  "403": status(403),
  "404": status(404),
  "412": status(412),
  "416": status(416),
  "500": status(500),
  "501": status(501),
};

/** Registries that interrupt a layer once, and respond oddly to its resumption. */
export const resumeOddities: readonly Oddity[] = Object.entries(ranges).map(([answer, fault]) => ({
  title: `a layer breaks off once, and the request for the rest gets ${answer}`,
  notForClients: true,
  extraLayers: (unique) => [seededBytes(unique, layerSize)],
  arrange: (upstream) => {
    const broken = new Set<string>();
    upstream.faults.add({ kind: "blob", method: "GET" }, (reply, request) => {
      if (request.headers.range !== undefined) return fault(reply, request);
      if (reply.body.size < layerSize || broken.has(request.path)) return reply;
      broken.add(request.path);
      return cutAt(layerSize / 2)(reply, request);
    });
    return undefined;
  },
  attempt: async ({ images, pull }) => {
    // A client retries when a pull fails.
    for (const image of images)
      await pull(image)
        .catch(() => pull(image))
        .catch(() => pull(image));
  },
}));

/** `bytes 10-29/30` to `bytes 10-19/30`. */
function shortened(contentRange: string): string {
  const [, start = "0", end = "0", size = "0"] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange) ?? [];
  const length = Math.ceil((Number(end) + 1 - Number(start)) / 2);
  return `bytes ${start}-${Number(start) + length - 1}/${size}`;
}
