import type { Environment } from "../environment.js";
import { showPath } from "../problem.js";
import type { ConfigSource } from "../source.js";
import { Registry2Document } from "./document.js";
import { defaultsOfRegistry2, topKeys, translate } from "./translate.js";
import type { Note, Translation } from "./translation.js";
import { registry2Variables, type Variable } from "./variables.js";
import { findWritten, saysNothing } from "./written.js";

/** The settings of registry:2, translated to Berth's. */
export interface Registry2Settings {
  /** Settings that follow from the others. Berth's own file overrides them. */
  readonly implied: ConfigSource;
  readonly said: ConfigSource;
  /** What became of each setting, for people. */
  readonly notes: readonly Note[];
}

/**
 * A file of registry:2, overridden by its variables. The defaults are registry:2's: all addresses, no DELETE.
 * @param file read as `letters`
 */
export function readRegistry2File(file: ConfigSource, environment: Environment): Registry2Settings {
  const { known, unknown } = sorted(registry2Variables(environment));
  const translation = translate(new Registry2Document(file, known));
  if (file.problems.length === 0) requireVersion(translation);
  return { implied: defaultsOfRegistry2, said: translation.source(), notes: notesOf(translation, unknown) };
}

/**
 * The variables of registry:2 without a file, as for its container image, whose file says little more than where it
 * listens. `undefined` if none of them is set.
 */
export function readRegistry2Variables(environment: Environment): Registry2Settings | undefined {
  const { known, unknown } = sorted(registry2Variables(environment));
  if (!known.some(saysSomething)) return undefined;
  const translation = translate(new Registry2Document(undefined, known));
  return { implied: defaultsOfRegistry2, said: translation.source(), notes: notesOf(translation, unknown) };
}

/**
 * The variables of registry:2 in addition to a file of Berth: they override the file, as variables do. What they only
 * imply does not, since the file may say `mode: hybrid`. Nor do they change address or folder. But whoever uses
 * registry:2's variables without allowing DELETE, as for its container, does not get it.
 */
export function readVariablesBeside(berthFile: ConfigSource, environment: Environment): Registry2Settings | undefined {
  const { known, unknown } = sorted(registry2Variables(environment));
  if (!known.some(saysSomething)) return undefined;
  const translation = translate(new Registry2Document(undefined, known));
  const source = translation.source();
  const { mode, ...said } = source.tree as { readonly mode?: unknown };
  if (mode !== undefined && saysUpstreams(berthFile)) {
    const path = ["proxy", "upstreams"];
    const message = `${berthFile.locate(path)} sets proxy.upstreams, and a list is taken as a whole; keep one of them`;
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
    const meaning = "no setting of registry:2 has this name; registry:2 would ignore it too";
    return { where: showPath([name]), setting: showPath([name]), verdict: "unknown", meaning };
  });
  const isDeleteSaid = translation.document.find("storage", "delete", "enabled") !== undefined;
  return [...(isDeleteSaid ? [] : [noDelete]), ...translation.notes, ...strangers];
}

const noDelete: Note = {
  where: "not set",
  setting: "storage.delete.enabled",
  verdict: "honoured",
  meaning: "private.delete: false, unless Berth's own file or variable says otherwise",
};

/** Other programs have variables with the same prefix, such as `REGISTRY_URL`. */
function sorted(variables: readonly Variable[]): { known: readonly Variable[]; unknown: readonly Variable[] } {
  const isKnown = ({ path }: Variable) => topKeys.has(path[0] ?? "");
  return { known: variables.filter(isKnown), unknown: variables.filter((variable) => !isKnown(variable)) };
}

function saysSomething({ written }: Variable): boolean {
  return !saysNothing(written);
}

function requireVersion(translation: Translation): void {
  if (translation.document.find("version") === "0.1") return;
  translation.refuse(["version"], "must be 0.1: only files of registry:2 have a version");
}

function saysUpstreams({ tree }: ConfigSource): boolean {
  // The file can only contain maps, lists and values of YAML.
  return findWritten(tree as Parameters<typeof findWritten>[0], ["proxy", "upstreams"]) !== undefined;
}
