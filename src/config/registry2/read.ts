import type { Environment } from "../environment.js";
import { showPath } from "../problem.js";
import type { ConfigSource } from "../source.js";
import { Registry2Document } from "./document.js";
import { defaultsOfRegistry2, topKeys, translate } from "./translate.js";
import type { Note, Translation } from "./translation.js";
import { registry2Variables, type Variable } from "./variables.js";
import { findWritten, saysNothing } from "./written.js";

/** What registry:2's file and variables say, in Berth's words. */
export interface Registry2Settings {
  /** What is not said but follows. Berth's own file may say otherwise. */
  readonly implied: ConfigSource;
  readonly said: ConfigSource;
  /** What became of each setting, for people. */
  readonly notes: readonly Note[];
}

/**
 * A file of registry:2 with its variables over it. What neither says is as it is there: every address, no DELETE.
 * @param file read in letters
 */
export function readRegistry2File(file: ConfigSource, environment: Environment): Registry2Settings {
  const { known, unknown } = sorted(registry2Variables(environment));
  const translation = translate(new Registry2Document(file, known));
  if (file.problems.length === 0) requireVersion(translation);
  return { implied: defaultsOfRegistry2, said: translation.source(), notes: notesOf(translation, unknown) };
}

/**
 * The variables of registry:2 where there is no file: those of its container image, whose file says little more than
 * where it listens. `undefined` if none of them is set.
 */
export function readRegistry2Variables(environment: Environment): Registry2Settings | undefined {
  const { known, unknown } = sorted(registry2Variables(environment));
  if (!known.some(saysSomething)) return undefined;
  const translation = translate(new Registry2Document(undefined, known));
  return { implied: defaultsOfRegistry2, said: translation.source(), notes: notesOf(translation, unknown) };
}

/**
 * The variables of registry:2 beside a file of Berth's: what they say goes before it, as a variable does. What they
 * only imply does not: the file may say `mode: hybrid`. Nor do they move address or folder; but who speaks the words of
 * registry:2 and does not allow DELETE, as its container, does not have it allowed.
 */
export function readVariablesBeside(berthFile: ConfigSource, environment: Environment): Registry2Settings | undefined {
  const { known, unknown } = sorted(registry2Variables(environment));
  if (!known.some(saysSomething)) return undefined;
  const translation = translate(new Registry2Document(undefined, known));
  const source = translation.source();
  const { mode, ...said } = source.tree as { readonly mode?: unknown };
  if (mode !== undefined && saysUpstreams(berthFile)) {
    const path = ["proxy", "upstreams"];
    const message = `${berthFile.locate(path)} says proxy.upstreams, and a list holds as a whole; keep one of them`;
    translation.refuse(["proxy", "remoteurl"], message);
  }
  return {
    implied: { ...source, problems: [], tree: { mode, private: { delete: false } } },
    said: { ...source, tree: said },
    notes: notesOf(translation, unknown),
  };
}

function notesOf(translation: Translation, unknown: readonly Variable[]): readonly Note[] {
  const strangers = unknown.map(({ name }): Note => {
    const meaning = "no setting of registry:2 has this name; it would ignore it, too";
    return { where: showPath([name]), setting: showPath([name]), verdict: "unknown", meaning };
  });
  const isDeleteSaid = translation.document.find("storage", "delete", "enabled") !== undefined;
  return [...(isDeleteSaid ? [] : [noDelete]), ...translation.notes, ...strangers];
}

const noDelete: Note = {
  where: "not said",
  setting: "storage.delete.enabled",
  verdict: "honoured",
  meaning: "private.delete: false, unless Berth's own file or variable says otherwise",
};

/** Others have variables that begin alike, such as `REGISTRY_URL`. */
function sorted(variables: readonly Variable[]): { known: readonly Variable[]; unknown: readonly Variable[] } {
  const isKnown = ({ path }: Variable) => topKeys.has(path[0] ?? "");
  return { known: variables.filter(isKnown), unknown: variables.filter((variable) => !isKnown(variable)) };
}

function saysSomething({ written }: Variable): boolean {
  return !saysNothing(written);
}

function requireVersion(translation: Translation): void {
  if (translation.document.find("version") === "0.1") return;
  translation.refuse(["version"], "must be 0.1: a file that says a version is one of registry:2");
}

function saysUpstreams({ tree }: ConfigSource): boolean {
  // Whatever the file says, it is maps, lists and values of YAML.
  return findWritten(tree as Parameters<typeof findWritten>[0], ["proxy", "upstreams"]) !== undefined;
}
