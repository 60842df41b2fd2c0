import { downloadAtOnce } from "../curl.mjs";
import { fetchChecked } from "../fetch-checked.mjs";
import { acceptedManifests } from "../manifest.mjs";
import { atLeastTimesRow } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const repository = "library/bench";
const headers = { Accept: acceptedManifests };
const distinctBlobs = 16;
const smallSize = 10_000;
const largeSize = 200_000_000;
const clients = 4;
const times = 4;
/** As fast as without a cache, within the precision of the measurement. */
const same = 0.95;

/** The rows of private mode, for an image in a cache. */
const cacheServing = {
  rows: [
    {
      id: "cached-manifest-by-tag",
      title: "cached: manifest by tag",
      unit: "requests/s",
      target: atLeastTimesRow(same, "manifest-by-tag"),
    },
    {
      id: "cached-blob-10kb",
      title: "cached: 10 kB blob",
      unit: "requests/s",
      target: atLeastTimesRow(same, "blob-10kb"),
    },
    {
      id: "cached-blob-200mb",
      title: `cached: 200 MB blob, ${clients} clients`,
      unit: "GB/s",
      target: atLeastTimesRow(same, "blob-200mb"),
    },
  ],
  measure({ settings, withUpstream, withCache }) {
    const images = {};
    const seed = (layout) => Object.assign(images, seedImages(layout));
    return withUpstream(seed, (upstream) =>
      withCache(upstream, async (server) => {
        const manifest = `/v2/${repository}/manifests/latest`;
        const paths = images.small.map(pathOf);
        await pull(server, [manifest, `/v2/${repository}/manifests/layers`, ...paths, pathOf(images.large)]);
        return {
          "cached-manifest-by-tag": await requestRates(server, { paths: [manifest], headers, settings }),
          "cached-blob-10kb": await requestRates(server, { paths, settings }),
          "cached-blob-200mb": await largeBlobRates(`${server.url}${pathOf(images.large)}`, settings),
        };
      }),
    );
  },
};

/** The manifest is as small as that of the private row. */
function seedImages(layout) {
  const small = Array.from({ length: distinctBlobs }, () => layout.putRandomBlob(repository, smallSize));
  const large = layout.putRandomBlob(repository, largeSize);
  layout.putImage(repository, ["latest"]);
  layout.putImage(repository, ["layers"], [...small, large]);
  return { small, large };
}

async function pull(server, paths) {
  for (const path of paths) await fetchChecked(server, path, { headers });
}

async function largeBlobRates(url, settings) {
  const rates = [];
  const size = largeSize;
  await downloadAtOnce(url, { clients, times: 1, size });
  for (let run = 0; run < settings.runs; run++) {
    rates.push((size * clients * times) / 1e9 / (await downloadAtOnce(url, { clients, times, size })));
  }
  return rates;
}

function pathOf({ digest }) {
  return `/v2/${repository}/blobs/${digest}`;
}

export const cacheServingMeasurements = [cacheServing];
