import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, hexOf } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { ContentLink } from "./content/content-link.js";

/*
 * Every key that Berth stores under; nothing else builds one. Below `docker/registry/v2` it is the layout of the CNCF
 * distribution registry, byte for byte, so that either program can serve what the other wrote:
 *
 *   docker/registry/v2/
 *     blobs/<algorithm>/<first two of hex>/<hex>/data       the bytes of each blob and each manifest
 *     repositories/<name>/
 *       _layers/<algorithm>/<hex>/link                      the repository holds this blob
 *       _manifests/revisions/<algorithm>/<hex>/link         the repository holds this manifest
 *       _manifests/tags/<tag>/current/link                  what the tag points to
 *       _manifests/tags/<tag>/index/<algorithm>/<hex>/link  what it ever pointed to
 *       _uploads/<uuid>/data, startedat                     an upload session
 *       _uploads/<uuid>/openedby                            ours: the user who opened it, with access control
 *       _referrers/<algorithm>/<hex>/<algorithm>-<hex>      ours: descriptor of a manifest that refers to the first
 *       _referrers/whole                                    ours: all referrers are recorded, even if there are none
 *       _tagged/<algorithm>/<hex>/<tag>                     ours: the tag once pointed to the manifest, and may still
 *       _tagged/whole                                       ours: no tag of the repository is older than that
 *       _history/<tag>/<microseconds>-<change>              ours: when the tag was moved or deleted, and by whom
 *   .berth/                                                 ours:
 *     format                                                which Berths can read this storage
 *     copied/<hash of group>                                what `berth storage copy` has brought here
 *     scratch/, locks/, catalog                             what is being written, locks, a generation
 *     emptied                                               replaced when a repository has lost its last manifest
 *     names                                                 the names of very many repositories, as last read
 *     jobs/<id>                                             a task that was started over HTTP, and its result
 *     days/<date>/<process>                                 what a process served and saved on a day
 *     processes/<hash>                                      the name of a process; its locks are second names of it
 *     collected                                             when garbage was last collected
 *     retention/last                                        when the retention policies were last applied
 *     retention/applied/<fingerprint>                       policies that are not new, and what waits for a yes
 *     pulls-recorded                                        since when pulls are recorded
 *     collection/noted                                      what no repository seemed to need, and since when
 *     collection/known                                      what unchanged repositories were found to need
 *     collection/clock                                      written to learn the time of the storage
 *     collection/held/<hash of name>                        the claims that an ended upload has kept alive
 *     claimed/<algorithm>-<hex>-<hash of link>              when a client was last told that a manifest is there
 *     trash/<algorithm>-<hex>-<hash of link>                a link that a collection removed, and may be restored
 *     unlinking/<algorithm>-<hex>-<hash of link>            such a link while it is being removed
 *     events/<receiver>/<microseconds>-<random>-<bytes>     an event that waits for a receiver, whose name is hashed
 *     claims/<uuid>                                         another process waits for this upload session
 *     access-tokens/<id>/token, used                        a user's token, hashed, and when it was last used
 *     working/                                              processes that use the storage, so that no collection runs
 *     staging/<key>, parts/<key>/<uuid>                     in a bucket: the record of unfinished content, and its parts
 *     probe/, clock/                                        in a bucket: objects that are deleted at once
 *     downloads/<algorithm>-<hex>/data, size                a blob being downloaded, and how large it will be
 *     downloads/<algorithm>-<hex>/encoded                   the same, if it may be compressed
 *     evicting/<algorithm>-<hex>                            bytes about to be deleted, unless something links to them
 *     quarantine/<algorithm>-<hex>-<time>                   damaged bytes that were set aside
 *     check                                                 when all content was last checked, and the result
 *     quotas/<hash of patterns>                             what the repositories of a quota use
 *     removing                                              digests whose links an eviction removes, one per line
 *     limits                                                limits that upstreams have imposed on any process
 *     announced/<window>/<name>/_digests/<algorithm>-<hex>/<tag>  when a client was told that the tag points to it
 *     cached/<name>/_upstream                               the upstream that the content of a repository came from
 *     cached/<name>/_checked/<tag>                          when the upstream last confirmed what the tag points to
 *     cached/<name>/_typed/<algorithm>-<hex>                the upstream's type of a manifest that declares none
 *     cached/<name>/_used/<algorithm>-<hex>                 when a client last asked for a manifest, or an hour before
 *     pulled/<name>/_digests/<algorithm>-<hex>              when a client last pulled a manifest, or an hour before
 *
 * A link contains `<algorithm>:<hex>` and no newline. No component of a name begins with `_`, so ours and theirs never
 * conflict.
 */

const root = "docker/registry/v2";

/** What of ours belongs to the content, and is copied with it; the rest is about processes that run. */
const kept = ["cached", "pulled", "claimed", "trash", "access-tokens", "ended-sessions", "days", "collection/held"];

export const layout = {
  format: ".berth/format",
  root,
  copies: ".berth/copied",
  copied: (group: string) => `.berth/copied/${hashOf(group)}`,
  kept: kept.map((folder) => `.berth/${folder}`),
  repositories: `${root}/repositories`,
  /** Of registry:2 as a cache, which expects it at the top. */
  schedulerState: "scheduler-state.json",
  blobsOf: (algorithm: DigestAlgorithm) => `${root}/blobs/${algorithm}`,
  blobsBelow: (algorithm: DigestAlgorithm, prefix: string) => `${root}/blobs/${algorithm}/${prefix}`,
  /** Replaced whenever a repository is created or emptied, so that every process sees that its list is old. */
  catalogGeneration: ".berth/catalog",
  /** Replaced whenever a repository is emptied, so that every process announces it again. */
  lastEmptied: ".berth/emptied",
  keptNames: ".berth/names",
  lastCollection: ".berth/collected",
  jobs: ".berth/jobs",
  job: (id: string) => `.berth/jobs/${id}`,
  days: ".berth/days",
  day: (date: string) => `.berth/days/${date}`,
  dayOf: (date: string, process: string) => `.berth/days/${date}/${process}`,
  lastRetention: ".berth/retention/last",
  retentionsApplied: ".berth/retention/applied",
  retentionApplied: (fingerprint: string) => `.berth/retention/applied/${fingerprint}`,
  pullsRecorded: ".berth/pulls-recorded",
  collectionNotes: ".berth/collection/noted",
  collectionKnowledge: ".berth/collection/known",
  collectionClock: ".berth/collection/clock",
  heldClaims: (name: RepositoryName) => `.berth/collection/held/${hashOf(name)}`,
  claimed: (link: ContentLink) => `.berth/claimed/${nameOfLink(link)}`,
  trash: ".berth/trash",
  trashed: (link: ContentLink) => `.berth/trash/${nameOfLink(link)}`,
  trashedAs: (record: string) => `.berth/trash/${record}`,
  unlinkings: ".berth/unlinking",
  unlinking: (link: ContentLink) => `.berth/unlinking/${nameOfLink(link)}`,
  link: ({ name, kind, digest }: ContentLink) =>
    `${root}/repositories/${name}/${kind === "blob" ? "_layers" : "_manifests/revisions"}/${folderOf(digest)}/link`,
  events: ".berth/events",
  eventsOf: (receiver: string) => `.berth/events/${folderOfReceiver(receiver)}`,
  event: (receiver: string, name: string) => `.berth/events/${folderOfReceiver(receiver)}/${name}`,
  downloads: ".berth/downloads",
  download: (digest: Digest) => `.berth/downloads/${digest.replace(":", "-")}/data`,
  encodedDownload: (digest: Digest) => `.berth/downloads/${digest.replace(":", "-")}/encoded`,
  downloadSize: (digest: Digest) => `.berth/downloads/${digest.replace(":", "-")}/size`,
  quarantine: ".berth/quarantine",
  quarantined: (digest: Digest, time: string) => `.berth/quarantine/${digest.replace(":", "-")}-${time}`,
  quarantinedAs: (record: string) => `.berth/quarantine/${record}`,
  quota: (id: string) => `.berth/quotas/${id}`,
  lastCheck: ".berth/check",
  evictions: ".berth/evicting",
  removalNote: ".berth/removing",
  evicting: (digest: Digest) => `.berth/evicting/${digest.replace(":", "-")}`,
  limits: ".berth/limits",
  cachedBelow: (path: string) => (path === "" ? ".berth/cached" : `.berth/cached/${path}`),
  cachedFrom: (name: RepositoryName) => `.berth/cached/${name}/_upstream`,
  announcements: ".berth/announced",
  announcementsOf: (window: number) => `.berth/announced/${window}`,
  tagsAnnounced: (window: number, name: RepositoryName, digest: Digest) =>
    `.berth/announced/${window}/${name}/_digests/${digest.replace(":", "-")}`,
  tagAnnounced: (window: number, name: RepositoryName, digest: Digest, tag: Tag) =>
    `.berth/announced/${window}/${name}/_digests/${digest.replace(":", "-")}/${tag}`,
  tagChecked: (name: RepositoryName, tag: Tag) => `.berth/cached/${name}/_checked/${tag}`,
  tagsChecked: (name: RepositoryName) => `.berth/cached/${name}/_checked`,
  manifestsTyped: (name: RepositoryName) => `.berth/cached/${name}/_typed`,
  manifestTyped: (name: RepositoryName, digest: Digest) => `.berth/cached/${name}/_typed/${digest.replace(":", "-")}`,
  manifestsUsed: (name: RepositoryName) => `.berth/cached/${name}/_used`,
  manifestUsed: (name: RepositoryName, digest: Digest) => `.berth/cached/${name}/_used/${digest.replace(":", "-")}`,
  manifestPulled: (name: RepositoryName, digest: Digest) =>
    `.berth/pulled/${name}/_digests/${digest.replace(":", "-")}`,
  endedSessions: ".berth/ended-sessions",
  endedSession: (id: string) => `.berth/ended-sessions/${id}`,
  accessTokens: ".berth/access-tokens",
  accessTokenFolder: (id: string) => `.berth/access-tokens/${id}`,
  accessToken: (id: string) => `.berth/access-tokens/${id}/token`,
  accessTokenUse: (id: string) => `.berth/access-tokens/${id}/used`,
  uploadClaim: (id: string) => `.berth/claims/${id}`,
  scratch: (id: string) => `.berth/scratch/${id}`,
  blobFolder: (digest: Digest) => `${root}/blobs/${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`,
  blob: (digest: Digest) => `${root}/blobs/${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`,
  repository: (name: RepositoryName) => `${root}/repositories/${name}`,
  layers: (name: RepositoryName) => `${root}/repositories/${name}/_layers`,
  layersOf: (name: RepositoryName, algorithm: DigestAlgorithm) => `${root}/repositories/${name}/_layers/${algorithm}`,
  layer: (name: RepositoryName, digest: Digest) => `${root}/repositories/${name}/_layers/${folderOf(digest)}`,
  layerLink: (name: RepositoryName, digest: Digest) => layout.link({ name, kind: "blob", digest }),
  revisions: (name: RepositoryName) => `${root}/repositories/${name}/_manifests/revisions`,
  revisionsOf: (name: RepositoryName, algorithm: DigestAlgorithm) =>
    `${root}/repositories/${name}/_manifests/revisions/${algorithm}`,
  revision: (name: RepositoryName, digest: Digest) =>
    `${root}/repositories/${name}/_manifests/revisions/${folderOf(digest)}`,
  revisionLink: (name: RepositoryName, digest: Digest) => layout.link({ name, kind: "manifest", digest }),
  manifests: (name: RepositoryName) => `${root}/repositories/${name}/_manifests`,
  tags: (name: RepositoryName) => `${root}/repositories/${name}/_manifests/tags`,
  tag: (name: RepositoryName, tag: Tag) => `${root}/repositories/${name}/_manifests/tags/${tag}`,
  tagLink: (name: RepositoryName, tag: Tag) => `${root}/repositories/${name}/_manifests/tags/${tag}/current/link`,
  tagHistoryLink: (name: RepositoryName, tag: Tag, digest: Digest) =>
    `${root}/repositories/${name}/_manifests/tags/${tag}/index/${folderOf(digest)}/link`,
  tagHistoryOf: (name: RepositoryName, tag: Tag, algorithm: DigestAlgorithm) =>
    `${root}/repositories/${name}/_manifests/tags/${tag}/index/${algorithm}`,
  tagHistory: (name: RepositoryName, tag: Tag, digest: Digest) =>
    `${root}/repositories/${name}/_manifests/tags/${tag}/index/${folderOf(digest)}`,
  allTagged: (name: RepositoryName) => `${root}/repositories/${name}/_tagged`,
  tagged: (name: RepositoryName, digest: Digest) => `${root}/repositories/${name}/_tagged/${folderOf(digest)}`,
  taggedBy: (name: RepositoryName, digest: Digest, tag: Tag) =>
    `${root}/repositories/${name}/_tagged/${folderOf(digest)}/${tag}`,
  tagChanges: (name: RepositoryName, tag: Tag) => `${root}/repositories/${name}/_history/${tag}`,
  tagChange: (name: RepositoryName, tag: Tag, change: string) =>
    `${root}/repositories/${name}/_history/${tag}/${change}`,
  allTagChanges: (name: RepositoryName) => `${root}/repositories/${name}/_history`,
  uploads: (name: RepositoryName) => `${root}/repositories/${name}/_uploads`,
  uploadContent: (name: RepositoryName, id: string) => `${root}/repositories/${name}/_uploads/${id}/data`,
  uploadOwner: (name: RepositoryName, id: string) => `${root}/repositories/${name}/_uploads/${id}/openedby`,
  uploadStart: (name: RepositoryName, id: string) => `${root}/repositories/${name}/_uploads/${id}/startedat`,
  allReferrers: (name: RepositoryName) => `${root}/repositories/${name}/_referrers`,
  /** Says that all referrers of a repository are recorded. */
  referrersWhole: (name: RepositoryName) => `${root}/repositories/${name}/_referrers/whole`,
  subjectsOf: (name: RepositoryName, algorithm: DigestAlgorithm) =>
    `${root}/repositories/${name}/_referrers/${algorithm}`,
  referrers: (name: RepositoryName, subject: Digest) => `${root}/repositories/${name}/_referrers/${folderOf(subject)}`,
  referrer: (name: RepositoryName, subject: Digest, digest: Digest) =>
    `${root}/repositories/${name}/_referrers/${folderOf(subject)}/${digest.replace(":", "-")}`,
} as const;

/** Folders that mark a repository: with manifests, or only with blobs. */
export const repositoryFolders = { manifests: "_manifests", layers: "_layers", uploads: "_uploads" } as const;

/**
 * Distinguishes the content of a repository from the repositories below it: no component of a name begins like this.
 */
export function isOfRepository(child: string): boolean {
  return child.startsWith("_");
}

function folderOf(digest: Digest): string {
  return digest.replace(":", "/");
}

/** One component, however long the name of the repository; the digest comes first, so that it can be read there. */
function nameOfLink({ name, kind, digest }: ContentLink): string {
  return `${digest.replace(":", "-")}-${hashOf(`${kind} ${name}`)}`;
}

/** An operator may call a receiver anything. */
function folderOfReceiver(receiver: string): string {
  return hashOf(receiver).slice(0, 16);
}

function hashOf(text: string): string {
  return hexOf(digestOf(Buffer.from(text))).slice(0, 32);
}
