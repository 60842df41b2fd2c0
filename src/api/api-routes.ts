import { AuditedTokens } from "../auth/audit/audited-tokens.js";
import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import type { Resource } from "../http/router.js";
import { sendBytes, sendJson } from "../http/send.js";
import { listDownloads } from "./activity/list-downloads.js";
import { listUpstreams } from "./activity/list-upstreams.js";
import { LiveStream } from "./activity/live-stream.js";
import { Summaries } from "./activity/show-summary.js";
import { changing, notStored, requireWelcome, showing, showTime } from "./answers.js";
import type { ApiDependencies } from "./api-dependencies.js";
import { requireAdmin } from "./changes/administration.js";
import { askUpstream } from "./changes/ask-upstream.js";
import { deleteContent } from "./changes/delete-content.js";
import { evictImages } from "./changes/evict-images.js";
import { OwnTokens } from "./changes/own-tokens.js";
import { startJob } from "./changes/start-job.js";
import { Censuses } from "./images/content-census.js";
import { ImageContents } from "./images/image-contents.js";
import { FactsOfImages } from "./images/image-facts.js";
import { listHolders } from "./images/list-holders.js";
import { listReferrers } from "./images/list-referrers.js";
import { TagLists } from "./images/list-tags.js";
import { RepositoryFacts } from "./images/repository-facts.js";
import { RepositoryHoldings } from "./images/repository-holdings.js";
import { RepositorySummaries } from "./images/repository-summaries.js";
import { showImage } from "./images/show-image.js";
import { showRepository } from "./images/show-repository.js";
import { describeCaller } from "./me.js";
import { listFolder } from "./names/list-folder.js";
import { listRepositories } from "./names/list-repositories.js";
import { NameIndex } from "./names/name-index.js";
import { listGuides, showGuide } from "./setup-guides.js";

export interface Api {
  readonly resources: readonly Resource[];
  /** Reads the names of all repositories, so that the first search need not wait for them. */
  readNames(): Promise<void>;
  /** Ends what would never end by itself. */
  close(): void;
}

/** What is kept in memory of the whole registry. */
interface Known {
  readonly names: NameIndex;
  readonly censuses: Censuses;
}

const base = "/v2/_berth";

/**
 * What the container API does not tell (`config/openapi.yml`). Below `/v2/`, at the place that the specification has
 * for extensions, since many reverse proxies pass on nothing else.
 */
export function createApi(dependencies: ApiDependencies): Api {
  const { about, description, storage, guides } = dependencies;
  const closing = new AbortController();
  const names = new NameIndex({
    list: (page) => dependencies.listAll(page),
    holdsAnything: (name) => dependencies.holdsAnything(name),
    generation: () => storage.index.generation(),
    kept: storage.keptNames,
    closed: closing.signal,
    source: dependencies.namesSource,
  });
  const known = { names, censuses: new Censuses(storage.index, closing.signal) };
  const summaries = new Summaries({ ...dependencies, names });
  const downloads = downloadList(dependencies);
  const live = new LiveStream({ summary: (exchange) => summaries.recent(exchange), downloads });
  const resources = [
    reading("openapi.yml", sendDescription(description)),
    // Also for clients that must sign in first.
    reading("me", (exchange) => {
      // The first request of the page: by the time someone searches, the names have been read.
      if (exchange.access?.isWelcome !== false) void names.prepare();
      sendJson(exchange, 200, describeCaller(exchange, about), notStored);
    }),
    reading(
      "setup",
      showing(() => listGuides(guides)),
    ),
    reading(
      "setup/:client",
      showing((exchange) => showGuide(exchange, guides, about.publicUrl)),
    ),
    ...contentRoutes(dependencies, known),
    ...activityRoutes(dependencies, summaries),
    ...changeRoutes(dependencies, known),
    reading("live", live.open),
  ];
  const close = () => {
    closing.abort();
    live.close();
  };
  return { resources, readNames: () => names.prepare(), close };
}

/** Repositories, tags and images. */
function contentRoutes(dependencies: ApiDependencies, { names, censuses }: Known): Resource[] {
  const { registry, storage } = dependencies;
  const holdings = new RepositoryHoldings(storage);
  const facts = new RepositoryFacts(storage);
  const summaries = new RepositorySummaries({ registry, facts, holdings });
  const contents = new ImageContents({ storage, censuses });
  const parts = { ...dependencies, names, facts, summaries, holdings, contents, censuses };
  const tags = new TagLists({ ...dependencies, images: new FactsOfImages(storage) });
  return shown({
    repositories: (exchange) => listRepositories(exchange, parts),
    tree: (exchange) => listFolder(exchange, names),
    repository: (exchange) => showRepository(exchange, parts),
    tags: (exchange) => tags.page(exchange),
    image: (exchange) => showImage(exchange, parts),
    referrers: (exchange) => listReferrers(exchange, registry),
    holders: (exchange) => listHolders(exchange, parts),
  });
}

/** What this registry does now. */
function activityRoutes(dependencies: ApiDependencies, summaries: Summaries): Resource[] {
  const { activity, upstreams } = dependencies;
  return shown({
    summary: async (exchange) => ({ now: showTime(Date.now()), ...(await summaries.of(exchange)) }),
    downloads: downloadList(dependencies),
    upstreams: (exchange) => listUpstreams(exchange, upstreams, activity),
  });
}

/** What clients can change. */
function changeRoutes(dependencies: ApiDependencies, { names, censuses }: Known): Resource[] {
  const { registry, storage, about, activity, upstreams, uploadsExpireMs, collecting, audit } = dependencies;
  const { publicUrl } = about;
  const { jobs } = activity;
  const parts = { registry, storage, names, censuses, jobs, upstreams, uploadsExpireMs, collecting };
  const tokens = new OwnTokens(storage.accessTokens, new AuditedTokens(storage.accessTokens, audit));
  const posting = (path: string, change: (exchange: Exchange) => Promise<unknown>): Resource => ({
    ...resource(path),
    methods: { POST: changing(change, { publicUrl }) },
  });
  const listTokens = showing((exchange) => tokens.list(exchange));
  const listJobs = showing((exchange) => {
    requireAdmin(exchange);
    return jobs.list();
  });
  const postJob = changing((exchange) => startJob(exchange, parts), { publicUrl, status: 202 });
  const createToken = changing((exchange) => tokens.create(exchange), { publicUrl, status: 201 });
  return [
    posting("deletions", (exchange) => deleteContent(exchange, parts)),
    posting("evictions", (exchange) => evictImages(exchange, parts)),
    posting("freshness", (exchange) => askUpstream(exchange, parts)),
    { ...resource("jobs"), methods: { GET: listJobs, HEAD: listJobs, POST: postJob } },
    { ...resource("tokens"), methods: { GET: listTokens, HEAD: listTokens, POST: createToken } },
    {
      ...resource("tokens/:id"),
      methods: { DELETE: changing((exchange) => tokens.revoke(exchange), { publicUrl }) },
    },
  ];
}

function downloadList({ activity, shownNameOf }: ApiDependencies) {
  return async (exchange: Exchange) => {
    const { downloads } = await activity.everywhere();
    return listDownloads(exchange, { running: downloads, shownNameOf });
  };
}

type Shown = Readonly<Record<string, (exchange: Exchange) => Promise<unknown>>>;

function shown(produced: Shown): Resource[] {
  return Object.entries(produced).map(([path, produce]) => reading(path, showing(produce)));
}

function reading(path: string, handler: Handler): Resource {
  return { ...resource(path), methods: { GET: handler, HEAD: handler } };
}

function resource(path: string): Pick<Resource, "name" | "path"> {
  return { name: "api", path: `${base}/${path}` };
}

function sendDescription(description: ApiDependencies["description"]): Handler {
  return async function sendDescription(exchange) {
    requireWelcome(exchange);
    sendBytes(exchange, 200, { "Content-Type": "application/yaml" }, await description());
  };
}
