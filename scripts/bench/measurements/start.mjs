import { atMost } from "../targets.mjs";

const start = {
  rows: [{ id: "start", title: "start to first answer", unit: "s", target: atMost(0.15) }],
  async measure({ settings, withServer }) {
    const seconds = [];
    for (let run = 0; run < settings.starts; run++) {
      await withServer(
        () => {},
        async ({ startMs }) => {
          seconds.push(startMs / 1000);
        },
      );
    }
    return { start: seconds };
  },
};

export const startMeasurements = [start];
