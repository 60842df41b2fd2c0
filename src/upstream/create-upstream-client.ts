import { AuthorizedRequests } from "./auth/authorized-requests.js";
import { credentialSource } from "./auth/credentials.js";
import { DistributionClient } from "./distribution-client.js";
import { Endpoint } from "./endpoint.js";
import { parseEndpointUrl } from "./endpoint-url.js";
import { Failover } from "./failover.js";
import { HeadMemory } from "./head-memory.js";
import { HostErrors } from "./host-errors.js";
import { type Clock, systemClock } from "./limits/deadline.js";
import type { LimitExchange } from "./limits/limit-exchange.js";
import { Outage } from "./limits/outage.js";
import { QuotaMemory } from "./limits/quota.js";
import { RateLimits } from "./limits/rate-limits.js";
import { Slots } from "./limits/slots.js";
import type { UpstreamClient } from "./upstream-client.js";
import {
  type CompleteSettings,
  completeSettings,
  type EndpointSettings,
  type UpstreamSettings,
} from "./upstream-settings.js";
import type { AddressKind } from "./wire/address-kind.js";
import { AddressPolicy, type Resolve, resolveByDns } from "./wire/address-policy.js";
import { Connections } from "./wire/connections.js";
import type { Environment } from "./wire/egress-proxy.js";
import { Trust } from "./wire/trust.js";
import { Wire } from "./wire/wire.js";

/** What an upstream client needs besides its settings. */
export interface UpstreamSurroundings {
  /** Berth's version, for `User-Agent`. */
  readonly version: string;
  /** Identifies this Berth in `Via`. */
  readonly instanceId: string;
  /** For `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. */
  readonly environment: Environment;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly resolve?: Resolve;
  readonly kindOf?: (address: string) => AddressKind;
  /** Tells other processes of an upstream's limits, by its name. */
  readonly limitsOf?: ((upstream: string) => LimitExchange) | undefined;
}

/**
 * Creates the client of one upstream; connects to nothing yet.
 * @throws Error if a URL is invalid, or is not http or https
 */
export function createUpstreamClient(settings: UpstreamSettings, surroundings: UpstreamSurroundings): UpstreamClient {
  const complete = completeSettings(settings);
  const { clock = systemClock, random = Math.random, instanceId } = surroundings;
  const quota = new QuotaMemory(complete.name, clock);
  const endpoints = complete.endpoints.map((endpoint) => createEndpoint(endpoint, complete, quota, surroundings));
  if (endpoints.length === 0) throw new Error(`the upstream ${complete.name} has no URL`);
  const { attempts, retryDelay } = complete;
  return new DistributionClient({
    name: complete.name,
    endpoints,
    failover: new Failover({ endpoints, attempts, retryDelayMs: retryDelay, random }),
    quota,
    clock,
    answerTimeoutMs: complete.answerTimeout,
    maxManifestBytes: complete.maxManifestSize,
    instanceId,
  });
}

function createEndpoint(
  endpoint: EndpointSettings,
  settings: CompleteSettings,
  quota: QuotaMemory,
  surroundings: UpstreamSurroundings,
): Endpoint {
  const { clock = systemClock } = surroundings;
  const url = parseEndpointUrl(endpoint.url);
  const connections = createConnections(url, endpoint, settings, surroundings);
  const wire = createWire(connections, settings, surroundings.version);
  const limits = new RateLimits(clock, surroundings.limitsOf?.(settings.name));
  const requests = new Slots(settings.maxConcurrent);
  return new Endpoint({
    url,
    requests: createRequests(url, endpoint, settings, { wire, clock, limits }),
    errors: new HostErrors(settings.name, url.host),
    clock,
    outage: new Outage(clock, settings.outageMemory),
    limits,
    quota,
    heads: new HeadMemory(clock),
    slots: {
      manifest: requests,
      list: requests,
      proof: new Slots(settings.maxConcurrent),
      // As many as of the large ones: an upstream may be slow with each, and clients request a page of layers at once.
      small: new Slots(settings.maxDownloads),
      download: new Slots(settings.maxDownloads),
    },
    maxRetryAfterMs: settings.maxRetryAfter,
    close: () => connections.close(),
  });
}

function createRequests(
  url: URL,
  endpoint: EndpointSettings,
  settings: CompleteSettings,
  parts: { readonly wire: Wire; readonly clock: Clock; readonly limits: RateLimits },
): AuthorizedRequests {
  return new AuthorizedRequests({
    ...parts,
    upstream: settings.name,
    endpoint: url,
    credentials: credentialSource(endpoint.credentials, url),
    realms: endpoint.realms ?? [],
    tokenTimeoutMs: settings.connectTimeout + settings.firstByteTimeout,
    maxRetryAfterMs: settings.maxRetryAfter,
  });
}

function createWire(connections: Connections, settings: CompleteSettings, version: string): Wire {
  return new Wire({
    connections,
    userAgent: `berth/${version}`,
    connectTimeoutMs: settings.connectTimeout,
    firstByteTimeoutMs: settings.firstByteTimeout,
    minimumSpeed: { idleMs: settings.idleTimeout, slowBelow: settings.slowBelow, slowWindowMs: settings.slowWindow },
  });
}

function createConnections(
  url: URL,
  endpoint: EndpointSettings,
  settings: CompleteSettings,
  surroundings: UpstreamSurroundings,
): Connections {
  const { environment, kindOf } = surroundings;
  const policy = new AddressPolicy({
    hostname: url.hostname,
    trusted: (endpoint.realms ?? []).map((realm) => realm.replace(/:\d+$/, "")),
    network: endpoint.network ?? "auto",
    resolve: surroundings.resolve ?? resolveByDns,
    ...(kindOf && { kindOf }),
  });
  return new Connections({
    trust: new Trust(endpoint.tls ?? {}, environment),
    policy,
    environment,
    connectTimeoutMs: settings.connectTimeout,
    maxIdle: settings.maxConcurrent,
  });
}
