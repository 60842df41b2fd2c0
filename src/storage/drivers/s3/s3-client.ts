import { readFile } from "node:fs/promises";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { http, https } from "../../../foundation/node-http.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Settings } from "./s3-settings.js";

const connectWithinMs = 5_000;

/** The time until the store answers a request that brings it few bytes. */
const answerWithinMs = 30_000;

/** The time until an answer that is a list, or says what came of a change, is there as a whole. */
const wholeWithinMs = 60_000;

/** Slower transfers and copies than this count as broken. */
const slowestBytesPerSecond = { sent: 64 * 1024, copied: 2 * 1024 * 1024 } as const;

/** Other stores have no regions, but each request is signed for one. */
const anyRegion = "us-east-1";

/** Failures are reported by whoever sent the request. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * The client of the store. It repeats nothing by itself (see `store-calls.ts`), and adds no checksums of its own:
 * older stores refuse the trailers that carry them, and content is verified by its digest.
 */
export async function createClient(settings: S3Settings): Promise<S3Client> {
  const { endpoint, region, pathStyle } = settings;
  const ca = await readAuthorities(settings);
  const connections = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...regionOf(region, endpoint),
    ...credentialsOf(settings),
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    customUserAgent: "berth",
    logger: silent,
    requestHandler: {
      connectionTimeout: connectWithinMs,
      requestTimeout: answerWithinMs,
      throwOnRequestTimeout: true,
      httpAgent: new http.Agent(connections),
      httpsAgent: new (https().Agent)({ ...connections, ...(ca === undefined ? {} : { ca }) }),
    },
  });
}

/** How long the store may take to answer a request that sends it so many bytes, or makes it copy them. */
export function answerAfter(bytes: number, work: keyof typeof slowestBytesPerSecond): { requestTimeout: number } {
  return { requestTimeout: answerWithinMs + Math.ceil((1000 * bytes) / slowestBytesPerSecond[work]) };
}

/** Sends a request whose whole answer must arrive in time: the store may fall silent in the middle of it. */
export async function answeredWhole<Result>(
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<Result>,
  withinMs = wholeWithinMs,
): Promise<Result> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), withinMs).unref();
  try {
    return await send({ abortSignal: patience.signal });
  } finally {
    clearTimeout(timer);
  }
}

function regionOf(region: string | undefined, endpoint: string | undefined): Pick<S3ClientConfig, "region"> {
  if (region !== undefined) return { region };
  // AWS's own client finds it in the environment or in a profile.
  const isKnown = process.env.AWS_REGION !== undefined || endpoint === undefined;
  return isKnown ? {} : { region: anyRegion };
}

/** Without keys the usual chain applies: environment, profile, web identity of a pod, container, instance. */
function credentialsOf(settings: S3Settings): Pick<S3ClientConfig, "credentials"> {
  const { accessKeyId, secretAccessKey, sessionToken, roleArn, region } = settings;
  const given =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  if (roleArn === undefined) return given === undefined ? {} : { credentials: given };
  return {
    credentials: fromTemporaryCredentials({
      ...(given === undefined ? {} : { masterCredentials: given }),
      params: { RoleArn: roleArn, RoleSessionName: "berth" },
      clientConfig: { ...(region === undefined ? {} : { region }) },
    }),
  };
}

/** The certificates that are trusted instead of the usual ones. */
export async function readAuthorities({ caFile }: Pick<S3Settings, "caFile">): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return await readFile(caFile, "utf8");
  } catch (cause) {
    throw new StorageError("unavailable", `storage.s3.caFile: ${caFile} cannot be read`, { cause });
  }
}
