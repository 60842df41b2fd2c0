import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { http, https } from "../foundation/node-http.js";
import { ExplainedError } from "../serving/explained-error.js";

const patienceMs = 4_000;

/** Checks the server that runs with these settings, for the health check of a container. */
export async function checkHealth(file: string | undefined): Promise<void> {
  const { config } = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  const url = healthUrl(config.server);
  const status = await statusOf(url).catch((cause: Error) => {
    throw new ExplainedError(`${url} does not answer: ${cause.message}`);
  });
  if (status !== 200) throw new ExplainedError(`${url} answers ${status}`);
  process.stdout.write(`${url} is healthy\n`);
}

/** A wildcard address such as 0.0.0.0 is not a destination, so loopback IPv4 replaces it. */
function healthUrl({ host, port, tls }: Config["server"]): URL {
  const reached = { "0.0.0.0": "127.0.0.1", "::": "127.0.0.1" }[host] ?? (host.includes(":") ? `[${host}]` : host);
  return new URL(`${tls === undefined ? "http" : "https"}://${reached}:${port}/healthz`);
}

function statusOf(url: URL): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patienceMs);
    // The certificate is for the public host name, not for this address.
    const request =
      url.protocol === "https:" ? https().get(url, { signal, rejectUnauthorized: false }) : http.get(url, { signal });
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}
