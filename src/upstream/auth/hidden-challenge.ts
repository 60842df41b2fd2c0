import { HostErrors } from "../host-errors.js";
import type { WireAnswer } from "../wire/wire.js";
import { type Challenge, parseChallenges } from "./challenge.js";
import type { TokenSettings } from "./tokens.js";

/** How long a host is not asked again for a challenge that it does not have. */
const rememberedMs = 300_000;

type HostSettings = Pick<TokenSettings, "upstream" | "endpoint" | "credentials" | "clock">;

/**
 * Some registries answer as if private content did not exist, instead of asking for credentials. With credentials, the
 * challenge is found at `/v2/`, where every client begins (distribution-spec, "Determining Support").
 */
export class HiddenChallenge {
  readonly #settings: HostSettings;
  #nextAt = 0;

  constructor(settings: HostSettings) {
    this.#settings = settings;
  }

  /**
   * @param ping requests `/v2/`
   * @returns nothing if there are no credentials, or nothing needs them
   * @throws UpstreamError if that is unknown at the moment
   */
  async find(ping: () => Promise<WireAnswer>): Promise<readonly Challenge[]> {
    const { clock, credentials, upstream, endpoint } = this.#settings;
    if (clock.monotonic() < this.#nextAt || !(await credentials())) return [];
    const answer = await ping();
    if (answer.status === 429 || answer.status >= 500) {
      throw await new HostErrors(upstream, endpoint.host).ofResponse(answer, undefined);
    }
    answer.body.discard();
    const challenges = answer.status === 401 ? parseChallenges(answer.headers["www-authenticate"] ?? "") : [];
    if (challenges.length === 0) this.#nextAt = clock.monotonic() + rememberedMs;
    return challenges;
  }
}
