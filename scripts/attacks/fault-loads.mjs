import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { cachedDigest } from "./hostile-upstream.mjs";
import { ask, digestOf, pushBlob, rawConnection, repeat } from "./requests.mjs";

/** What clients do while something on the machine fails. */
export const faultLoads = [
  {
    name: "pushes to a frozen disk",
    run: ({ port, signal }) =>
      repeat(signal, 50, (place) =>
        pushBlob(port, `own/stuck${place}`, randomBytes(100_000), { signal, timeout: 600_000 }),
      ),
  },
  {
    name: "ever new layers of an upstream",
    run: ({ port, signal }) =>
      repeat(signal, 2, async (place, round) => {
        const path = `/v2/hostile.example/app/blobs/${cachedDigest(place * 1000 + (round % 1000))}`;
        await ask(port, "GET", path, { signal });
        // Limited, since otherwise the upstream's own work is all that is measured.
        await delay(50);
      }),
  },
  {
    name: "connections that hang",
    /** 50 of each kind: nothing, half a hello or header, and a response that is not read. */
    run: async ({ port, prepared, signal }) => {
      const starts = ["", "\x16\x03\x01", "GET /v2/ HTTP/1.1\r\nX: "];
      const get = `GET /v2/own/blob/blobs/${prepared} HTTP/1.1\r\nHost: a\r\n\r\n`;
      for (let count = 0; count < 50; count++) {
        for (const start of [...starts, get]) rawConnection(port, signal).pause().write(start);
      }
      if (!signal.aborted) await once(signal, "abort");
    },
  },
];

/** Pushed before connections hang on it. */
export const hungBlob = Buffer.alloc(16 << 20, "B");
export const hungDigest = digestOf(hungBlob);
