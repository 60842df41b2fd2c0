import type { Cluster } from "../cluster/cluster.js";
import { splitAddress, splitAdvertised } from "../config/address-kinds.js";
import { ConfigError, messageOf } from "../config/problem.js";
import type { Config } from "../config/schema.js";
import { readSmallFile, readSmallText } from "../foundation/small-file.js";
import type { Logger } from "../observability/logger.js";
import { ExplainedError } from "./explained-error.js";

const shortestSecret = 32;

/**
 * Joins the other replicas on the bucket, if configured. The code is loaded only then.
 * @throws ExplainedError or ConfigError that says what is wrong
 */
export async function joinCluster(config: Config, log: Logger): Promise<Cluster | undefined> {
  const { cluster, storage, mode } = config;
  const listen = cluster && splitAddress(cluster.listen);
  if (cluster === undefined || listen === undefined) {
    if (storage.driver === "s3" && mode !== "private")
      log.info("each replica downloads for itself what the bucket lacks; to let them share downloads, set cluster");
    return undefined;
  }
  const [{ Cluster }, { ClusterKeys }] = await Promise.all([
    import("../cluster/cluster.js"),
    import("../cluster/cluster-keys.js"),
  ]);
  const keys = new ClusterKeys(await secretsOf(config));
  const { host } = listen;
  const advertise = (cluster.advertise && splitAdvertised(cluster.advertise)) || { host, port: undefined };
  try {
    return await Cluster.join({ listen, advertise }, keys, log);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ExplainedError(
      `cluster.listen: cannot listen on ${cluster.listen} (${reason}): choose an address of this machine and a free port`,
    );
  }
}

async function secretsOf({ cluster, access }: Config): Promise<readonly [Buffer, ...Buffer[]]> {
  if (cluster?.keyFile !== undefined) return [await readSecret(cluster.keyFile)];
  const [first, ...others] = access?.tokenKeyFile ?? [];
  // A configuration without either is refused before.
  if (first === undefined) throw new ExplainedError("cluster.keyFile: must name a file with a secret");
  return [await readTokenSecret(first), ...(await Promise.all(others.map(readTokenSecret)))];
}

async function readSecret(file: string): Promise<Buffer> {
  const path = ["cluster", "keyFile"];
  const bytes = await readSmallFile(file).catch((error: unknown) => {
    throw new ConfigError([{ where: file, path, message: messageOf(error) }]);
  });
  // A line break at the end is the editor's.
  const secret = Buffer.from(bytes.toString("latin1").trim(), "latin1");
  if (secret.length >= shortestSecret) return secret;
  const message = `must contain at least ${shortestSecret} bytes; create it with: openssl rand -hex 32`;
  throw new ConfigError([{ where: file, path, message }]);
}

/** The key itself, in whichever form the file has it. */
async function readTokenSecret(file: string): Promise<Buffer> {
  const { readTokenKey } = await import("../auth/tokens/token-keys.js");
  try {
    const { privateKey } = await readTokenKey(await readSmallText(file));
    return privateKey.export({ format: "der", type: "pkcs8" });
  } catch (error) {
    throw new ConfigError([{ where: file, path: ["access", "tokenKeyFile"], message: messageOf(error) }]);
  }
}
