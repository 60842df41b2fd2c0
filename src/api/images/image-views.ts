import type { ImageParts } from "../../images/image-parts.js";
import type { Digest } from "../../oci/digest.js";
import { isDigest } from "../../oci/digest.js";
import type { ManifestReading, NamedContent } from "../../oci/manifest-reading.js";
import { isObject, platformOfConfig, type ReadConfig } from "./image-config.js";
import { artifactTypeOf } from "./image-facts.js";
import { TextBudget } from "./text-budget.js";

const mostShown = 1_000;

/** Annotations by which BuildKit says what an entry of an index attests. */
const attestsKey = "vnd.docker.reference.digest";

/** A step that made an image, as its configuration tells it. */
export interface HistoryView {
  readonly created: string | undefined;
  readonly command: string | undefined;
  readonly comment: string | undefined;
  /** Index of the layer that it made. */
  readonly layer: number | undefined;
}

export function contentView({ digest, mediaType, size }: NamedContent, present: ReadonlyMap<Digest, number>) {
  return { digest, mediaType, size: size ?? present.get(digest), stored: present.has(digest) };
}

/** The lowest first. */
export function layersOf({ blobs, config }: ManifestReading): readonly NamedContent[] {
  return (config === undefined ? blobs : blobs.slice(1)).slice(0, mostShown);
}

interface ShownManifests {
  readonly known: ImageParts;
  readonly present: ReadonlyMap<Digest, number>;
  readonly most: number;
}

/** The first entries of an index. */
export function manifestsOf(reading: ManifestReading, { known, present, most }: ShownManifests) {
  return reading.manifests.slice(0, most).map((entry) => {
    const child = known.manifests.get(entry.digest);
    const attests = entry.annotations?.[attestsKey];
    return {
      ...contentView(entry, present),
      stored: child !== undefined || present.has(entry.digest),
      platform: entry.platform,
      artifactType: child && artifactTypeOf(child.reading),
      total: child && child.size + sumOf(child.reading),
      attests: attests !== undefined && isDigest(attests) ? attests : undefined,
    };
  });
}

function sumOf({ blobs, manifests }: ManifestReading): number {
  const sizes = new Map([...blobs, ...manifests].map(({ digest, size }) => [digest, size ?? 0]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** The fields of a configuration that people look for (image-spec, "OCI Image Configuration"). */
export function configView({ isStored, json, problem }: ReadConfig) {
  if (json === undefined) return { stored: isStored, problem };
  const texts = new TextBudget();
  const run = isObject(json.config) ? json.config : {};
  const view = {
    stored: isStored,
    created: texts.text(json.created),
    author: texts.text(json.author),
    platform: platformOfConfig(json),
    user: texts.text(run.User),
    workingDirectory: texts.text(run.WorkingDir),
    stopSignal: texts.text(run.StopSignal),
    entrypoint: texts.list(run.Entrypoint),
    command: texts.list(run.Cmd),
    environment: texts.list(run.Env),
    ports: texts.keys(run.ExposedPorts),
    volumes: texts.keys(run.Volumes),
    labels: texts.texts(run.Labels),
  };
  return { ...view, isCut: texts.isCut || undefined };
}

/** Each step that is not said to be empty made the next layer. */
export function historyOf(json: ReadConfig["json"], layers: number): readonly HistoryView[] {
  const steps: readonly unknown[] = Array.isArray(json?.history) ? json.history : [];
  const texts = new TextBudget();
  let next = 0;
  return steps.slice(0, mostShown).map((step) => {
    const { created, created_by, comment, empty_layer } = isObject(step) ? step : {};
    const hasLayer = empty_layer !== true && next < layers;
    return {
      created: texts.text(created),
      command: texts.text(created_by),
      comment: texts.text(comment),
      layer: hasLayer ? next++ : undefined,
    };
  });
}
