// Pushes one manifest under new tags.
import { emptyConfig, imageManifest, imageManifestType } from "../manifest.mjs";
import { PushClient } from "./push-client.mjs";
import { printRates } from "./rates.mjs";

const job = JSON.parse(process.argv[2]);
const client = new PushClient(job.port);
const config = await client.pushBlob(job.repository, emptyConfig);
const layer = await client.pushBlob(job.repository, Buffer.from("one layer"));
const bytes = imageManifest({ config, layers: [layer] });

await printRates(job, async (next) => {
  for (let round = next(); round !== undefined; round = next()) {
    const tag = `build-${round}`;
    await client.pushManifest({ repository: job.repository, tag, mediaType: imageManifestType, bytes });
  }
});
client.close();
