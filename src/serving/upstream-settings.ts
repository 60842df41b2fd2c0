import { ConfigError, messageOf } from "../config/problem.js";
import type { UpstreamConfig } from "../config/proxy-schema.js";
import { readSmallText } from "../foundation/small-file.js";
import type {
  CredentialSettings,
  EndpointSettings,
  TlsSettings,
  UpstreamSettings,
} from "../upstream/upstream-settings.js";

/**
 * The settings for the client of an upstream; reads the files in PEM format.
 * @throws ConfigError if one cannot be read
 */
export async function upstreamSettingsOf(upstream: UpstreamConfig): Promise<UpstreamSettings> {
  const { name, timeouts, slowBelow, slowWindow, attempts, maxConcurrent, maxDownloads, maxManifestSize } = upstream;
  return {
    name,
    endpoints: await endpointsOf(upstream),
    connectTimeout: timeouts.connect,
    firstByteTimeout: timeouts.firstByte,
    answerTimeout: timeouts.answer,
    idleTimeout: timeouts.idle,
    slowBelow,
    slowWindow,
    attempts,
    maxConcurrent,
    maxDownloads,
    maxManifestSize,
  };
}

/** A mirror never receives the registry's secrets; a docker login file has separate credentials for each host. */
async function endpointsOf(upstream: UpstreamConfig): Promise<EndpointSettings[]> {
  const { url, mirrors, realms, network, dockerConfig } = upstream;
  const [ca, tls] = await Promise.all([readPem(upstream, "ca"), tlsOf(upstream)]);
  const credentials = credentialsOf(upstream);
  return [
    ...mirrors.map((mirror) => ({
      url: mirror,
      realms,
      ...(dockerConfig !== undefined && { credentials: { dockerConfigFile: dockerConfig } }),
      ...(ca !== undefined && { tls: { ca } }),
    })),
    {
      url,
      realms,
      network,
      ...(credentials !== undefined && { credentials }),
      tls: { ...tls, ...(ca !== undefined && { ca }) },
    },
  ];
}

function credentialsOf({ username, password, dockerConfig }: UpstreamConfig): CredentialSettings | undefined {
  if (username !== undefined && password !== undefined) return { username, password };
  return dockerConfig === undefined ? undefined : { dockerConfigFile: dockerConfig };
}

/** Of the registry itself, without the authorities. */
async function tlsOf(upstream: UpstreamConfig): Promise<TlsSettings> {
  const verify = upstream.verify ? "full" : "skip";
  const [cert, key] = await Promise.all([readPem(upstream, "cert"), readPem(upstream, "key")]);
  return cert === undefined || key === undefined ? { verify } : { verify, cert, key };
}

async function readPem(upstream: UpstreamConfig, setting: "ca" | "cert" | "key"): Promise<string | undefined> {
  const file = upstream[setting];
  if (file === undefined) return undefined;
  try {
    return await readSmallText(file);
  } catch (error) {
    const message = `cannot be read: ${messageOf(error)}`;
    throw new ConfigError([{ where: `upstream ${upstream.name}`, path: [setting], message }]);
  }
}
