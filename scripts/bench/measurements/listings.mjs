import { fetchChecked } from "../fetch-checked.mjs";
import { atLeastTimesBest } from "../targets.mjs";
import { requestRates } from "../wrk.mjs";

const tagCount = 3_000;
const repositoryCount = 1_000;
const pageSize = 100;

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
];
