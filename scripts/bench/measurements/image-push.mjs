import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeImageLayout } from "../image-layout.mjs";
import { pushImage } from "../skopeo.mjs";
import { atMostTimes } from "../targets.mjs";

/** A fresh server each time: an existing blob would not be pushed again. */
const imagePush = {
  rows: [
    { id: "image-push", title: "push of a 250 MB image", unit: "s", target: atMostTimes(1, "registry3") },
    { id: "image-push-cpu", title: "push of a 250 MB image", unit: "CPU s", target: atMostTimes(0.8, "registry3") },
  ],
  async measure({ settings, folder, withServer }) {
    const image = join(folder, "image");
    if (!existsSync(image)) writeImageLayout(image, { layers: 5, layerSize: 50_000_000 });
    const values = { "image-push": [], "image-push-cpu": [] };
    for (let run = 0; run < settings.runs; run++) {
      await withServer(
        () => {},
        async (server) => {
          const cpuBefore = server.tree.cpuSeconds();
          values["image-push"].push(await pushImage(image, server));
          values["image-push-cpu"].push(server.tree.cpuSeconds() - cpuBefore);
        },
      );
    }
    return values;
  },
};

export const imagePushMeasurements = [imagePush];
