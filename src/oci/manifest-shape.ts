import { foldedKey } from "./folded-key.js";

/** What Go's programs read an object of a manifest as. */
export interface Shape {
  /** Names of the fields of a struct, by their folded form; a map has none, and its keys differ by case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly isMap: boolean;
  /** Shapes of the values of fields that are objects, or lists of objects. */
  readonly values: ReadonlyMap<string, Shape>;
}

const map: Shape = { fields: new Map(), isMap: true, values: new Map() };

/** An object that no program is known to read: its keys count as those of a struct nobody knows. */
export const unknownShape = struct([], { annotations: map });

const platform = struct(["architecture", "os", "os.version", "os.features", "variant", "features"]);

const descriptor = struct(["mediaType", "artifactType", "digest", "size", "urls", "data"], {
  annotations: map,
  platform,
});

/** image-spec, "Image Manifest Property Descriptions", "Image Index Property Descriptions"; Docker's are of the same shape. */
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
