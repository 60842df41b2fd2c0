import type { Api } from "../api/api-routes.js";
import type { Config } from "../config/schema.js";
import { authenticated } from "../http/authentication.js";
import { BlobRedirect } from "../http/blob-redirect.js";
import { BodyRooms } from "../http/body-room.js";
import { BufferPool } from "../http/buffer-pool.js";
import { tokenRoutes } from "../http/handlers/token.js";
import { onlyForKnownNames } from "../http/known-names.js";
import { ClientLimits } from "../http/limits/client-limits.js";
import { baseRoutes, pullRoutes } from "../http/pull-routes.js";
import { pushRoutes } from "../http/push-routes.js";
import { createRoutes, type Resource, type Routes } from "../http/router.js";
import { UploadPlaces } from "../http/upload-places.js";
import type { Registry } from "../registry/registry.js";
import type { Guard } from "./access/create-access-control.js";
import { pageOf } from "./page.js";

const mebibyte = 1024 * 1024;

/** Memory for all running transfers together. */
const transferBufferBytes = 8 * mebibyte;

/**
 * For large manifests that are being received: parsing and storing each takes a multiple of its memory. At this pace
 * they take a fraction of one core; four of the largest size are taken each second.
 */
const bodyLimits = { memory: 16 * mebibyte, pace: { perSecond: 16 * mebibyte, atOnce: 8 * mebibyte } };

/** What the routes of a configuration lead to. */
interface Destinations {
  readonly registry: Registry;
  readonly api: Api;
  readonly guard: Guard | undefined;
}

/**
 * Builds the routes of each configuration. What limits requests is one for all configurations: running ones count,
 * whichever they began under.
 */
export class RouteBuilder {
  readonly #clientLimits = new ClientLimits();
  readonly #uploadPlaces = new UploadPlaces(Number.POSITIVE_INFINITY);
  readonly #bodyRooms = new BodyRooms(bodyLimits);
  readonly #pool = new BufferPool(transferBufferBytes);

  /** Uploads that are being received. */
  get uploadsRunning(): number {
    return this.#uploadPlaces.taken;
  }

  /** Applies the limits of a configuration, whose routes are used from now on. */
  limitTo(config: Config): void {
    this.#clientLimits.limitTo(config.access?.limits);
    this.#uploadPlaces.limitTo(config.private.uploads.maxConcurrent);
  }

  build(config: Config, { registry, api, guard }: Destinations): Routes {
    const limits = config.access?.limits;
    const { publicUrl } = config.server;
    // A request tries the routes in this order, and most are pulls.
    const registryRoutes = this.#registryRoutes(config, registry);
    const shownInBrowsers = [...api.resources, ...pageOf(config, guard)];
    if (guard === undefined) {
      const routes = createRoutes([...registryRoutes, ...onlyForKnownNames(shownInBrowsers, publicUrl)]);
      return this.#clientLimits.byAddress(routes, limits);
    }
    const { control } = guard;
    const routes = createRoutes([...registryRoutes, ...shownInBrowsers, ...tokenRoutes(control)]);
    const ofUsers = authenticated(this.#clientLimits.byUser(routes, limits), { control, publicUrl });
    return this.#clientLimits.byAddress(ofUsers, limits);
  }

  #registryRoutes(config: Config, registry: Registry): Resource[] {
    const dependencies = {
      registry,
      pool: this.#pool,
      uploadPlaces: this.#uploadPlaces,
      bodyRooms: this.#bodyRooms,
      redirect: redirectOf(config),
      manifestMaxSize: config.private.manifestMaxSize,
      locations: config.server.locations,
      catalogMaxEntries: config.server.catalogMaxEntries,
    };
    return [...baseRoutes, ...pushRoutes(dependencies), ...pullRoutes(dependencies)];
  }
}

/** Only a bucket has addresses. */
function redirectOf({ storage }: Config): BlobRedirect | undefined {
  const redirect = storage.driver === "s3" ? storage.s3?.redirect : undefined;
  return redirect && new BlobRedirect(redirect);
}
