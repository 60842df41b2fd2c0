import { errorReply, type Reply } from "./reply.js";
import type { FakeRequest } from "./request.js";

/** Counts pulls as Docker Hub does: each GET of a manifest is one, HEAD is free. */
export class PullQuota {
  limit = 100;
  remaining = 100;
  windowSeconds = 21_600;
  source = "192.0.2.1";
  /** Sent with a 429 if set. */
  retryAfter: string | undefined;
  isTold = false;

  /** Counts a request for a manifest; returns a reply if it is refused. */
  count(request: FakeRequest): Reply | undefined {
    if (!this.isTold) return undefined;
    const isPull = request.method === "GET";
    if (this.remaining > 0) {
      if (isPull) this.remaining -= 1;
      return undefined;
    }
    const headers = { ...this.headers(), ...(this.retryAfter !== undefined && { "retry-after": this.retryAfter }) };
    return errorReply(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", headers);
  }

  headers(): Record<string, string> {
    if (!this.isTold) return {};
    return {
      "ratelimit-limit": `${this.limit};w=${this.windowSeconds}`,
      "ratelimit-remaining": `${this.remaining};w=${this.windowSeconds}`,
      "docker-ratelimit-source": this.source,
    };
  }
}
