import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { fromNodeProviderChain, fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { http, https } from "../../../foundation/node-http.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Settings } from "./s3-settings.js";

const connectWithinMs = 5_000;

/** The time until the store answers a request that brings it few bytes. */
const answerWithinMs = 30_000;

/** The time until an answer is there as a whole, from its headers on: the store may fall silent in the middle of it. */
export const wholeWithinMs = 60_000;

/** They may begin to answer at once, and end when the object is there. */
const longAnswers: readonly string[] = ["CompleteMultipartUploadCommand", "CopyObjectCommand", "UploadPartCopyCommand"];

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
  const client = new S3Client({
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
  // The client itself would wait for the rest of an answer for ever.
  const ending = { step: "deserialize", priority: "low" } as const;
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (request) => {
        const answer = await next(request);
        if (isAnswered(answer.response) && !isAwaited(commandName, answer.response)) endLate(answer.response.body);
        return answer;
      },
    ending,
  );
  return client;
}

/** An answer with a body. */
interface Answered {
  readonly statusCode: number;
  readonly body: Readable;
}

function isAnswered(response: unknown): response is Answered {
  return typeof response === "object" && response !== null && "body" in response && response.body instanceof Readable;
}

/** Whether somebody reads it, who ends its silence (`byte-source.ts`), or waits for it as long as it may take. */
function isAwaited(commandName: string, { statusCode }: Answered): boolean {
  return longAnswers.includes(commandName) || (commandName === "GetObjectCommand" && statusCode < 300);
}

/** Destroys a stream that has not ended in time. */
export function endLate(body: Readable): void {
  const late = new Error(`the store did not end its answer within ${wholeWithinMs / 1000} s`);
  const patience = setTimeout(() => body.destroy(late), wholeWithinMs).unref();
  body.once("close", () => clearTimeout(patience));
}

/** Asks for keys anew, although those that are in use have not expired. */
export async function renewKeys({ config }: S3Client): Promise<void> {
  await config.credentials({ forceRefresh: true });
}

/** How long the store may take to answer a request that sends it so many bytes, or makes it copy them. */
export function answerAfter(bytes: number, work: keyof typeof slowestBytesPerSecond): { requestTimeout: number } {
  return { requestTimeout: answerWithinMs + Math.ceil((1000 * bytes) / slowestBytesPerSecond[work]) };
}

/** Sends a request whose answer takes as long as what is done for it. */
export async function answeredWhole<Result>(
  { requestTimeout }: ReturnType<typeof answerAfter>,
  send: (options: { readonly abortSignal: AbortSignal; readonly requestTimeout: number }) => Promise<Result>,
): Promise<Result> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), requestTimeout).unref();
  try {
    return await send({ abortSignal: patience.signal, requestTimeout });
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
  // Without what was read of a profile before: whoever rotates its keys writes them there.
  if (roleArn === undefined) return { credentials: given ?? fromNodeProviderChain({ ignoreCache: true }) };
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
