import type { ConfigPath } from "../definition.js";
import { showValue } from "../problem.js";
import type { Translation } from "./translation.js";
import type { Written } from "./written.js";
import { truthOf } from "./written.js";

/** Translates one setting of registry:2. */
export type Rule = (said: Said, translation: Translation) => void;

export interface Said {
  readonly path: ConfigPath;
  readonly written: Written;
}

/** Rules by the names of registry:2, such as `http.addr`. A rule named for a section translates all of it. */
export type Rules = Readonly<Record<string, Rule>>;

/** How the text of a setting is parsed, and what it must be. */
export interface Meaning<Value> {
  readonly expected: string;
  parse(text: string): Value | undefined;
}

/** A setting with an equivalent in Berth. */
export function becomes(target: string, { expected, parse }: Meaning<unknown>): Rule {
  return ({ path, written }, translation) => {
    const value = typeof written === "string" ? parse(written) : undefined;
    if (value === undefined) translation.refuse(path, `must be ${expected}, not ${showValue(written)}`);
    else translation.honour(path, target.split("."), value);
  };
}

/** A setting that Berth does not need. */
export function notNeeded(why: string): Rule {
  return ({ path }, translation) => translation.note(path, "not needed", why);
}

/** A setting that someone may miss. */
export function notHonoured(why: string): Rule {
  return ({ path }, translation) => translation.note(path, "not honoured", why);
}

/** A setting that must not be dropped silently. */
export function refused(why: string): Rule {
  return ({ path }, translation) => translation.refuse(path, why);
}

/** Applies one of two rules, depending on whether the setting is true. */
export function ifTrue(rule: Rule, otherwise: Rule): Rule {
  return (said, translation) => {
    const isTrue = truthOf(said.written);
    if (isTrue === undefined) translation.refuse(said.path, `must be true or false, not ${showValue(said.written)}`);
    else (isTrue ? rule : otherwise)(said, translation);
  };
}

export const asText: Meaning<string> = { expected: "text", parse: (text) => text };

export const asTruth: Meaning<boolean> = { expected: "true or false", parse: truthOf };

export const asOpposite: Meaning<boolean> = {
  expected: "true or false",
  parse: (text) => {
    const truth = truthOf(text);
    return truth === undefined ? undefined : !truth;
  },
};
