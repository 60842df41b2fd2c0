import { fetchChecked } from "../fetch-checked.mjs";
import { atLeastTimesBest, atMost } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const tagCount = 3_000;
const repositoryCount = 1_000;
const pageSize = 100;
const manyTags = 50_000;
const manyRepositories = 20_000;

function seedTags(layout) {
  layout.putImage(
    "bench",
    numbered(tagCount, (number) => `build-${number}`),
  );
}

function seedRepositories(layout) {
  for (const name of numbered(repositoryCount, (number) => `team-${number.slice(-1)}/service-${number}`)) {
    layout.putImage(name, ["latest"]);
  }
}

/** Requests for one list, which must have at least as many names as requested. */
function listingRates({ id, title, seed, path, count }) {
  return {
    rows: [{ id, title, unit: "requests/s", target: atLeastTimesBest(5) }],
    measure: ({ settings, withServer }) =>
      withServer(seed, async (server) => {
        const { tags, repositories } = JSON.parse(await fetchChecked(server, path));
        const length = (tags ?? repositories).length;
        if (length < count) throw new Error(`GET ${path}: ${length} names`);
        return { [id]: await requestRates(server, { paths: [path], settings }) };
      }),
  };
}

/** The first page after a start, of very many names, on folders that the system has in its cache. */
function firstPage({ id, title, seed, path, limit }) {
  return {
    rows: [{ id, title, unit: "ms", target: atMost(limit) }],
    measure: ({ settings, withServer }) =>
      withServer(seed, async (server) => {
        const times = [];
        for (let run = 0; run < settings.starts; run++) {
          if (run > 0) await server.restart();
          const started = performance.now();
          const { tags, repositories } = JSON.parse(await fetchChecked(server, path));
          times.push(performance.now() - started);
          if ((tags ?? repositories).length < pageSize) throw new Error(`GET ${path}: too few names`);
        }
        return { [id]: times };
      }),
  };
}

/** One image under all names: what a page costs depends on how many there are. */
function seedManyRepositories(layout) {
  const layers = [layout.putBlob("team-0/service-0000", Buffer.from("a layer"))];
  const names = numbered(manyRepositories, (number) => `team-${number.slice(0, -2)}/service-${number}`);
  for (const name of names) layout.putImage(name, ["latest"], layers);
}

function seedManyTags(layout) {
  layout.putImage(
    "bench",
    numbered(manyTags, (number) => `build-${number}`),
  );
}

function numbered(count, nameOf) {
  return Array.from({ length: count }, (_, index) => nameOf(String(index).padStart(4, "0")));
}

export const listingMeasurements = [
  listingRates({
    id: "tags-list",
    title: `tags/list of ${tagCount}`,
    seed: seedTags,
    path: "/v2/bench/tags/list",
    count: tagCount,
  }),
  listingRates({
    id: "tags-list-page",
    title: `tags/list?n=${pageSize} of ${tagCount}`,
    seed: seedTags,
    path: `/v2/bench/tags/list?n=${pageSize}`,
    count: pageSize,
  }),
  listingRates({
    id: "catalog-page",
    title: `_catalog?n=${pageSize} of ${repositoryCount}`,
    seed: seedRepositories,
    path: `/v2/_catalog?n=${pageSize}`,
    count: pageSize,
  }),
  firstPage({
    id: "first-tags-page",
    title: `first tags/list?n=${pageSize} of ${manyTags}, after a start`,
    seed: seedManyTags,
    path: `/v2/bench/tags/list?n=${pageSize}`,
    limit: 30,
  }),
  firstPage({
    id: "first-catalog-page",
    title: `first _catalog?n=${pageSize} of ${manyRepositories}, after a start`,
    seed: seedManyRepositories,
    path: `/v2/_catalog?n=${pageSize}`,
    limit: 20,
  }),
];
