import { runClient } from "../client.mjs";
import { atLeastTimes } from "../targets.mjs";

/** Pushes by one client process over several connections to an empty server. */
function pushRates({ id, title, client, target, job }) {
  return {
    rows: [{ id, title, unit: "pushes/s", target }],
    measure: ({ settings, withServer }) =>
      withServer(
        () => {},
        async ({ port }) => {
          const { pushers: loops, ...times } = settings;
          return { [id]: await runClient(client, { ...times, loops, port, repository: "bench", ...job }) };
        },
      ),
  };
}

export const smallPushMeasurements = [
  pushRates({
    id: "blob-pushes",
    title: "pushes of 10 kB blobs, 8 clients",
    client: "push-blobs",
    target: atLeastTimes(1.3, "registry3"),
    job: { size: 10_000 },
  }),
  pushRates({
    id: "tag-pushes",
    title: "tag pushes, 8 clients",
    client: "push-tags",
    target: atLeastTimes(1.2, "registry3"),
    job: {},
  }),
];
