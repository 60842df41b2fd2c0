import { runClient } from "../client.mjs";
import { atLeastTimes, atMost } from "../targets.mjs";

/** Pushes by one client process over several connections to an empty server: how many a second, and what each costs. */
function pushRates({ id, title, client, target, cpuTarget, job }) {
  const cpuId = `${id}-cpu`;
  return {
    rows: [
      { id, title, unit: "pushes/s", target },
      { id: cpuId, title, unit: "CPU ms each", target: cpuTarget },
    ],
    measure: ({ settings, withServer }) =>
      withServer(
        () => {},
        async ({ port, tree }) => {
          const { pushers: loops, ...times } = settings;
          const cpuBefore = tree.cpuSeconds();
          const { rates, rounds } = await runClient(client, { ...times, loops, port, repository: "bench", ...job });
          return { [id]: rates, [cpuId]: [((tree.cpuSeconds() - cpuBefore) * 1000) / rounds] };
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
    cpuTarget: atMost(2),
    job: { size: 10_000 },
  }),
  pushRates({
    id: "tag-pushes",
    title: "tag pushes, 8 clients",
    client: "push-tags",
    target: atLeastTimes(1.5, "registry3"),
    job: {},
  }),
];
