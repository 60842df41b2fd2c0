import { foldedKey } from "./folded-key.js";

/** How Go programs read an object of a manifest. */
export interface Shape {
  /** Names of the fields of a struct, by their folded form; empty for a map, whose keys are case-sensitive. */
  readonly fields: ReadonlyMap<string, string>;
  readonly isMap: boolean;
  /** Shapes of the fields that are objects, or lists of objects. */
  readonly values: ReadonlyMap<string, Shape>;
}

const map: Shape = { fields: new Map(), isMap: true, values: new Map() };

/** An object that no known program reads: treated as a struct with unknown fields. */
export const unknownShape = struct([], { annotations: map });

const platform = struct(["architecture", "os", "os.version", "os.features", "variant", "features"]);

const descriptor = struct(["mediaType", "artifactType", "digest", "size", "urls", "data"], {
  annotations: map,
  platform,
});

/**
 * image-spec, "Image Manifest Property Descriptions", "Image Index Property Descriptions"; Docker's have the same
 * shape.
 */
export const manifestShape = struct(["schemaVersion", "mediaType", "artifactType"], {
  config: descriptor,
  layers: descriptor,
  blobs: descriptor,
  manifests: descriptor,
  subject: descriptor,
  annotations: map,
});

function struct(plain: readonly string[], objects: Readonly<Record<string, Shape>> = {}): Shape {
  const names = [...plain, ...Object.keys(objects)];
  return {
    fields: new Map(names.map((name) => [foldedKey(name), name])),
    isMap: false,
    values: new Map(Object.entries(objects)),
  };
}
