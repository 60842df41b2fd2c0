import type { Routes } from "../router.js";
import type { UseLimits } from "./account.js";
import { limited } from "./limit-clients.js";
import { LimitedClients } from "./limited-clients.js";

export interface ClientLimitSettings {
  readonly perAddress: UseLimits;
  readonly perUser: UseLimits;
  /** How long a pull waits before it is refused, in milliseconds. */
  readonly maxDelay: number;
}

/**
 * The limits of clients by address and by user in this process. They outlive a change of the configuration, so that
 * running requests continue and still count. Without limits nothing is counted, and requests take no detour.
 */
export class ClientLimits {
  readonly #byAddress = new LimitedClients();
  readonly #byUser = new LimitedClients();

  /** Takes effect at once, also for running transfers. */
  limitTo(settings: ClientLimitSettings | undefined): void {
    this.#byAddress.limitTo(settings?.perAddress);
    this.#byUser.limitTo(settings?.perUser);
  }

  byAddress(routes: Routes, settings: ClientLimitSettings | undefined): Routes {
    if (settings === undefined || !isLimit(settings.perAddress)) return routes;
    const clients = this.#byAddress;
    return limited(routes, { clients, clientOf: ({ caller }) => caller.network, maxDelay: settings.maxDelay });
  }

  /** For routes where the user is known; clients without a user are limited by address only. */
  byUser(routes: Routes, settings: ClientLimitSettings | undefined): Routes {
    if (settings === undefined || !isLimit(settings.perUser)) return routes;
    const clients = this.#byUser;
    return limited(routes, { clients, clientOf: ({ access }) => access?.identity.user, maxDelay: settings.maxDelay });
  }
}

function isLimit({ requests, transfers, bandwidth }: UseLimits): boolean {
  return requests !== undefined || transfers !== undefined || bandwidth !== undefined;
}
