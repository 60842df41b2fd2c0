import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeImageLayout } from "../image-layout.mjs";
import { atMostTimes } from "../targets.mjs";
import { findProgram } from "../tools.mjs";

/** A fresh server each time: a blob that is there already is not pushed again. */
const imagePush = {
  rows: [
    { id: "image-push", title: "push of a 250 MB image", unit: "s", target: atMostTimes(1, "registry3") },
    { id: "image-push-cpu", title: "push of a 250 MB image", unit: "CPU s", target: atMostTimes(1, "registry3") },
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
          values["image-push"].push(await push(image, server));
          values["image-push-cpu"].push(server.tree.cpuSeconds() - cpuBefore);
        },
      );
    }
    return values;
  },
};

async function push(image, server) {
  const started = performance.now();
  await promisify(execFile)(findProgram("skopeo"), [
    ...["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"],
    ...[`oci:${image}:latest`, `docker://127.0.0.1:${server.port}/bench:latest`],
  ]);
  return (performance.now() - started) / 1000;
}

export const imagePushMeasurements = [imagePush];
