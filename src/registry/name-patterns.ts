import type { RepositoryName } from "../oci/repository-name.js";

/** A place in the patterns, and what may come after it. */
interface Node {
  /** The pattern that ends here. */
  end: string | undefined;
  readonly literals: Map<string, Node>;
  readonly globs: { readonly glob: string; readonly fits: RegExp; readonly node: Node }[];
  /** After `**`. */
  deep: Node | undefined;
}

/**
 * Patterns of names: `*` stands for any characters of one component, `**` alone for one component or more. A tree by
 * components, so that a thousand patterns cost no more than a few.
 */
export class NamePatterns {
  readonly #root = emptyNode();

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) this.#add(pattern);
  }

  /** A pattern that the name fits, the plainest first. */
  find(name: RepositoryName): string | undefined {
    return find(this.#root, name.split("/"), 0);
  }

  #add(pattern: string): void {
    let node = this.#root;
    for (const component of pattern.split("/")) node = childOf(node, component);
    node.end ??= pattern;
  }
}

/** Whether any name could fit one pattern only because of what its first component says: `team/*`, not `*` or `t*\/x`. */
export function literalStartOf(pattern: string): string | undefined {
  const first = pattern.split("/")[0] ?? "";
  return first.includes("*") ? undefined : first;
}

/** Whether a text fits a glob in which `*` stands for any characters. */
export function globExpression(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map(escaped).join(".*")}$`);
}

function childOf(node: Node, component: string): Node {
  if (component === "**") {
    node.deep ??= emptyNode();
    return node.deep;
  }
  if (!component.includes("*")) {
    const known = node.literals.get(component) ?? emptyNode();
    node.literals.set(component, known);
    return known;
  }
  const known = node.globs.find(({ glob }) => glob === component);
  if (known !== undefined) return known.node;
  const added = { glob: component, fits: globExpression(component), node: emptyNode() };
  node.globs.push(added);
  return added.node;
}

function find(node: Node, components: readonly string[], index: number): string | undefined {
  const component = components[index];
  if (component === undefined) return node.end;
  const literal = node.literals.get(component);
  const plain = literal && find(literal, components, index + 1);
  if (plain !== undefined) return plain;
  for (const { fits, node: next } of node.globs) {
    const found = fits.test(component) ? find(next, components, index + 1) : undefined;
    if (found !== undefined) return found;
  }
  return node.deep && findDeep(node.deep, components, index + 1);
}

function findDeep(node: Node, components: readonly string[], from: number): string | undefined {
  for (let index = from; index <= components.length; index++) {
    const found = find(node, components, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function emptyNode(): Node {
  return { end: undefined, literals: new Map(), globs: [], deep: undefined };
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\-]/g, "\\$&");
}
