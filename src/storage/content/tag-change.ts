import { type Actor, ownTasks } from "../../oci/actor.js";
import { type Digest, isDigest } from "../../oci/digest.js";

/** A move or deletion of a tag. */
export interface TagChange {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: "moved" | "deleted";
  /** What the tag pointed to from then on, or until then. */
  readonly digest: Digest;
  /** `undefined` if another program, or an older Berth, made the change. */
  readonly by: Actor | undefined;
}

/** File systems accept no longer names. */
const longestName = 250;

const kinds = { moved: "m", deleted: "d" } as const;

/** Microseconds, kind, digest and actor; the last has any characters that a key may have. */
const namePattern = /^(\d{17})-([md])-(sha256|sha512)-([0-9a-f]+)-([nub])(.*)$/;

/**
 * The name of the record of a change. It says everything, so the record is empty, which is cheapest on disk. Names of
 * later changes come later.
 * @param sequence distinguishes changes of the same millisecond, from 0 to 999
 */
export function nameOfChange({ atMs, kind, digest, by }: TagChange, sequence: number): string {
  const stamp = String(Math.floor(atMs) * 1000 + sequence).padStart(17, "0");
  const start = `${stamp}-${kinds[kind]}-${digest.replace(":", "-")}-`;
  return `${start}${by === undefined ? "n" : textOf(by)}`.slice(0, longestName);
}

/** `undefined` if the name is not that of a record. */
export function changeOf(name: string): TagChange | undefined {
  const [, stamp, kind, algorithm, hex, actorKind, actor = ""] = namePattern.exec(name) ?? [];
  const digest = `${algorithm}:${hex}`;
  if (!isDigest(digest)) return undefined;
  return {
    atMs: Math.floor(Number(stamp) / 1000),
    kind: kind === "d" ? "deleted" : "moved",
    digest,
    by: actorOf(actorKind, name.length < longestName ? decode(actor) : `${decode(actor)}…`),
  };
}

function textOf(actor: Actor): string {
  if (actor.kind === "berth") return `b${encoded(actor.task)}`;
  return actor.user === undefined ? "u" : `u${encoded(actor.user)}`;
}

function actorOf(kind: string | undefined, text: string): Actor | undefined {
  if (kind === "u") return { kind: "client", user: text === "" ? undefined : text };
  const task = kind === "b" ? ownTasks.find((each) => each === text) : undefined;
  return task && { kind: "berth", task };
}

/** As in a URL. Half of a surrogate pair, which a token can contain, has no code there; a Buffer replaces it. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}

/** A long name of a user was cut off, perhaps within a character. */
function decode(text: string): string {
  for (let end = text.length; end > 0 && end > text.length - 12; end--) {
    try {
      return decodeURIComponent(text.slice(0, end));
    } catch {}
  }
  return "";
}
