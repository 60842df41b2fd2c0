import { BoundedMap } from "../../foundation/bounded-map.js";
import { parseRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { HostErrors } from "../host-errors.js";
import type { Deadline } from "../limits/deadline.js";
import { followRedirects } from "../wire/redirects.js";
import type { WireAnswer, WireRequest } from "../wire/wire.js";
import { Authorizer } from "./authorizer.js";
import type { TokenSettings } from "./tokens.js";

/** Redirect targets whose anonymous tokens are kept. */
const maxGuests = 100;

/** A request, and who sends it. */
export interface AuthorizedRequest {
  readonly request: WireRequest;
  readonly repository: RepositoryName;
  readonly deadline: Deadline;
  /** Called before each request with its URL; throws if that must not be requested. */
  readonly admit: (url: URL) => void;
}

/**
 * Sends requests to an endpoint and follows redirects. The endpoint receives the credentials that it asks for; a
 * registry that it redirects to receives only an anonymous token, and all other hosts receive nothing.
 */
export class AuthorizedRequests {
  readonly #settings: TokenSettings;
  readonly #own: Authorizer;
  readonly #guests = new BoundedMap<string, Authorizer>(maxGuests);

  constructor(settings: TokenSettings) {
    this.#settings = settings;
    this.#own = new Authorizer(settings);
  }

  send(wanted: AuthorizedRequest): Promise<WireAnswer> {
    const { origin } = this.#settings.endpoint;
    let isElsewhere = false;
    return followRedirects(wanted.request, (hop) => {
      // A redirect must not lead back to the endpoint with its credentials (Go: CVE-2024-45336).
      isElsewhere ||= hop.url.origin !== origin;
      if (!isElsewhere) return this.#ask(hop, this.#own, wanted.repository, wanted);
      return this.#ask(hop, this.#guestAt(hop.url), repositoryIn(hop.url) ?? wanted.repository, wanted);
    });
  }

  async #ask(
    hop: WireRequest,
    authorizer: Authorizer,
    repository: RepositoryName,
    { deadline, admit }: AuthorizedRequest,
  ): Promise<WireAnswer> {
    admit(hop.url);
    const isGuarded = isInApi(hop.url);
    const sent = isGuarded ? await authorizer.known(repository, deadline) : {};
    const answer = await this.#exchange({ ...hop, authorization: sent.header }, deadline);
    if (!isGuarded && answer.status !== 401) return answer;
    const ping = () => this.#exchange(this.#pingLike(hop), deadline);
    const renewed = await authorizer.after(answer, sent, repository, ping, deadline).catch((error) => {
      answer.body.discard();
      throw error;
    });
    if (renewed === undefined) return answer;
    answer.body.discard();
    const second = await this.#exchange({ ...hop, authorization: renewed }, deadline);
    if (second.status === 400 || second.status === 403) authorizer.refusedAgain(repository, renewed);
    return second;
  }

  /** Failures are attributed to the host that was asked, which a redirect may have chosen. */
  async #exchange(request: WireRequest, deadline: Deadline): Promise<WireAnswer> {
    try {
      return await this.#settings.wire.exchange(request, deadline);
    } catch (error) {
      throw new HostErrors(this.#settings.upstream, request.url.host).of(error, deadline.signal);
    }
  }

  #pingLike({ headers: { Via } }: WireRequest): WireRequest {
    const url = new URL(this.#settings.endpoint);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/v2/`;
    return { method: "GET", url, headers: { Accept: "application/json", ...(Via && { Via }) }, audience: "endpoint" };
  }

  #guestAt({ origin }: URL): Authorizer {
    const known = this.#guests.get(origin);
    if (known) return known;
    const guest = new Authorizer({ ...this.#settings, endpoint: new URL(origin), credentials: async () => undefined });
    this.#guests.set(origin, guest);
    return guest;
  }
}

const requestPattern = /\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\/[^/]+$/;

/**
 * A registry protects what is below `/v2/`. Other URLs on its host are signed themselves, and S3 answers 400 to a
 * signature together with an `Authorization` (minio#5155).
 */
function isInApi(url: URL): boolean {
  return requestPattern.test(url.pathname);
}

/** A registry behind a redirect may have another name for the repository. */
function repositoryIn(url: URL): RepositoryName | undefined {
  const name = requestPattern.exec(url.pathname)?.[1];
  try {
    return name === undefined ? undefined : parseRepositoryName(name);
  } catch {
    return undefined;
  }
}
