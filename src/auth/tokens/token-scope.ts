import { type Action, actions, type Ceiling } from "../../registry/access.js";
import { NamePatterns } from "../../registry/name-patterns.js";

/** One limit of an access token: actions in the repositories that match a pattern. */
export interface TokenScope {
  readonly actions: readonly Action[];
  readonly pattern: string;
}

const patternPattern = /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)(\/(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?))*$/;

/**
 * Parses `push:team/*` or `pull,delete:team/**`.
 * @throws Error with a sentence that says what is wrong
 */
export function parseTokenScope(text: string): TokenScope {
  const colon = text.indexOf(":");
  const words = text.slice(0, Math.max(0, colon)).split(",");
  const pattern = text.slice(colon + 1);
  const unknown = words.find((word) => !isAction(word));
  if (colon < 0 || unknown !== undefined) {
    throw new Error(
      `${text} must be actions and a pattern of repositories, such as push:team/* or pull,delete:team/**`,
    );
  }
  if (!patternPattern.test(pattern))
    throw new Error(`${pattern} is not a pattern of repositories, such as team/* or team/**`);
  return { actions: words.filter(isAction), pattern };
}

/** `undefined` for no limit. */
export function ceilingOfScopes(texts: readonly string[]): Ceiling | undefined {
  if (texts.length === 0) return undefined;
  const scopes = texts.map(parseTokenScope);
  const patternsOf = new Map(actions.map((action) => [action, new NamePatterns(patternsAllowing(scopes, action))]));
  return {
    key: JSON.stringify(texts),
    canBeWidened: false,
    limits: texts,
    isForCatalog: false,
    allows: (action, name) => patternsOf.get(action)?.find(name) !== undefined,
    allowsEverywhere: (action) => patternsAllowing(scopes, action).includes("**"),
  };
}

/** Push implies pull, and pull implies cache, if the rules allow it to the user. */
function patternsAllowing(scopes: readonly TokenScope[], action: Action): readonly string[] {
  const implying: readonly Action[] = action === "pull" || action === "cache" ? [action, "pull", "push"] : [action];
  return scopes.filter((scope) => implying.some((each) => scope.actions.includes(each))).map(({ pattern }) => pattern);
}

function isAction(word: string): word is Action {
  // Widened, since the list contains actions and the word is any text.
  return (actions as readonly string[]).includes(word);
}
