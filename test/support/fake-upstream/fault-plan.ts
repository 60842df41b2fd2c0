import type { Fault } from "./faults.js";
import type { Reply } from "./reply.js";
import { type FakeRequest, matches, type RequestMatch } from "./request.js";

interface PlannedFault {
  readonly match: RequestMatch;
  readonly fault: Fault;
  timesLeft: number;
  skipsLeft: number;
}

interface HowOften {
  /** How many requests to answer wrongly; by default all. */
  readonly times?: number;
  /** How many requests to answer rightly before that. */
  readonly after?: number;
}

/** Which requests to answer wrongly, and how. */
export class FaultPlan {
  #planned: PlannedFault[] = [];

  /** Plans a fault and returns a function that removes it. */
  add(match: RequestMatch, fault: Fault, { times = Number.POSITIVE_INFINITY, after = 0 }: HowOften = {}): () => void {
    const planned = { match, fault, timesLeft: times, skipsLeft: after };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  clear(): void {
    this.#planned = [];
  }

  /** All that match apply, in the order in which they were planned. */
  apply(reply: Reply, request: FakeRequest): Reply {
    let changed = reply;
    for (const planned of this.#planned) {
      if (planned.timesLeft === 0 || !matches(request, planned.match)) continue;
      if (planned.skipsLeft > 0) {
        planned.skipsLeft -= 1;
        continue;
      }
      planned.timesLeft -= 1;
      changed = planned.fault(changed, request);
    }
    return changed;
  }
}
