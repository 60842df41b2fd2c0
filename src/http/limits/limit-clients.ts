import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../../oci/errors.js";
import { respondWithError } from "../error-response.js";
import type { Exchange } from "../exchange.js";
import { announcesBody } from "../request-body.js";
import type { Routes } from "../router.js";
import type { Account } from "./account.js";
import type { LimitedClients } from "./limited-clients.js";

interface Limiting {
  readonly clients: LimitedClients;
  /** Identifies a client; `undefined` if these limits do not apply to it. */
  clientOf(exchange: Exchange): string | undefined;
  /** How long a pull waits before it is refused, in milliseconds. */
  maxDelay: number;
}

/** Docker aborts a push at a 429, so pushes are only delayed; reverse proxies give up after a minute. */
const longestPushDelayMs = 45_000;

/** The `Retry-After` of a client that must wait for a transfer to end: the real time is unknown. */
const transferRetryMs = 5_000;

/**
 * Requests that may be refused: those that only pulls send. Requests for tokens and HEADs are part of pushes too. The
 * routes ignore a slash at the end.
 */
const pulledPath = /^\/v2\/(?:_catalog|.+\/(?:manifests|blobs(?!\/uploads\/)|tags|referrers)\/[^/]+)\/?$/;

/** Lets requests through to the routes only within the client's limits: the others wait. */
export function limited(routes: Routes, { clients, clientOf, maxDelay }: Limiting): Routes {
  return (exchange) => {
    const client = clientOf(exchange);
    if (client === undefined) return routes(exchange);
    const account = clients.of(client);
    if (enterAtOnce(exchange, account)) return routes(exchange);
    void new Entrance(exchange, account, maxDelay)
      .enter()
      .then(() => exchange.isCut || routes(exchange))
      .catch((error) => respondWithError(exchange, error));
  };
}

/** Admits a request that has to wait for nothing, as most do; for any other, it counts nothing and returns `false`. */
function enterAtOnce(exchange: Exchange, account: Account): boolean {
  const now = performance.now();
  if (account.requestDelayMs(now) > 0) return false;
  const isDownloadOrUpload = isTransfer(exchange);
  if (isDownloadOrUpload && !account.hasTransferLeft) return false;
  account.countRequest(now);
  exchange.accounts.push(account);
  if (isDownloadOrUpload) beginTransfer(exchange, account);
  return true;
}

function beginTransfer(exchange: Exchange, account: Account): void {
  account.beginTransfer();
  exchange.whenOver(() => account.endTransfer());
}

function isTransfer({ request, path }: Exchange): boolean {
  if (request.method === "GET") return isBlobPath(path);
  return path.includes("/blobs/uploads") && announcesBody(request);
}

/** Whether the path ends with `/blobs/<digest>`, perhaps with a slash after it. */
function isBlobPath(path: string): boolean {
  const end = path.endsWith("/") ? path.length - 2 : path.length - 1;
  const digest = path.lastIndexOf("/", end);
  return digest > 0 && path.startsWith("/blobs/", path.lastIndexOf("/", digest - 1));
}

/** Admission of one request that may have to wait, under the limits of one account. */
class Entrance {
  readonly #exchange: Exchange;
  readonly #account: Account;
  readonly #canBeRefused: boolean;
  readonly #longestMs: number;

  constructor(exchange: Exchange, account: Account, maxDelay: number) {
    this.#exchange = exchange;
    this.#account = account;
    this.#canBeRefused = exchange.request.method === "GET" && pulledPath.test(exchange.path);
    this.#longestMs = this.#canBeRefused ? maxDelay : longestPushDelayMs;
  }

  async enter(): Promise<void> {
    const now = performance.now();
    const delayMs = this.#account.requestDelayMs(now);
    if (delayMs > this.#longestMs && this.#canBeRefused) throw tooMany("requests", delayMs);
    // A push that has waited for the maximum is let through without being counted: otherwise the next would wait
    // longer.
    if (delayMs <= this.#longestMs) this.#account.countRequest(now);
    this.#exchange.accounts.push(this.#account);
    if (delayMs > 0) await setTimeout(Math.min(delayMs, this.#longestMs), undefined, { ref: false });
    if (!this.#exchange.isCut && isTransfer(this.#exchange)) await this.#enterTransfer();
  }

  #enterTransfer(): Promise<void> | undefined {
    if (!this.#account.hasTransferLeft) return this.#waitForTransfer();
    beginTransfer(this.#exchange, this.#account);
    return undefined;
  }

  #waitForTransfer(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        leaveLine();
        finish();
      };
      const begin = () => {
        beginTransfer(this.#exchange, this.#account);
        resolve();
      };
      const giveUp = () => (this.#canBeRefused ? reject(tooMany("transfers", transferRetryMs)) : begin());
      const leaveLine = this.#account.whenTransferLeft(() => settle(begin));
      const timer = globalThis.setTimeout(() => settle(giveUp), this.#longestMs).unref();
      this.#exchange.whenOver(() => settle(resolve));
    });
  }
}

function tooMany(what: "requests" | "transfers", retryMs: number): RegistryError {
  const seconds = Math.max(1, Math.ceil(retryMs / 1_000));
  const message =
    what === "requests"
      ? `too many requests from this client (access.limits); try again in ${seconds} s`
      : `too many transfers by this client at once (access.limits); try again in ${seconds} s`;
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": String(seconds) } });
}
