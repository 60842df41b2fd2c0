// Pushes small blobs, all different.
import { randomBytes } from "node:crypto";
import { PushClient } from "./push-client.mjs";
import { printRates } from "./rates.mjs";

const job = JSON.parse(process.argv[2]);
const client = new PushClient(job.port);

await printRates(job, async (next) => {
  while (next() !== undefined) await client.pushBlob(job.repository, randomBytes(job.size));
});
client.close();
