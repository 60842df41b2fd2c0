import type { RepositoryName } from "../oci/repository-name.js";
import { Glob } from "./glob.js";

/** A node in the tree of patterns, and what may follow it. */
interface Node {
  /** The pattern that ends here. */
  end: string | undefined;
  readonly literals: Map<string, Node>;
  readonly globs: { readonly text: string; readonly glob: Glob; readonly node: Node }[];
  /** After `**`. */
  deep: Node | undefined;
}

/**
 * Patterns of names: `*` matches any characters of one component, `**` alone one or more components. Stored as a tree
 * of components, so that a thousand patterns cost no more than a few.
 */
export class NamePatterns {
  readonly #root = emptyNode();

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) this.#add(pattern);
  }

  /** A pattern that matches the name, the most specific first. */
  find(name: RepositoryName): string | undefined {
    return new Search(name.split("/")).find(this.#root, 0);
  }

  #add(pattern: string): void {
    let node = this.#root;
    for (const component of pattern.split("/")) node = childOf(node, component);
    node.end ??= pattern;
  }
}

/** The literal first component of a pattern, which every matching name has: of `team/*`, not of `*` or `t*\/x`. */
export function literalStartOf(pattern: string): string | undefined {
  const first = pattern.split("/")[0] ?? "";
  return first.includes("*") ? undefined : first;
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
  const known = node.globs.find(({ text }) => text === component);
  if (known !== undefined) return known.node;
  const added = { text: component, glob: new Glob(component), node: emptyNode() };
  node.globs.push(added);
  return added.node;
}

/** The search for the components of one name. */
class Search {
  readonly #components: readonly string[];
  /**
   * From which component of the name each node after a `**` was tried in vain: several `**` lead to the same node again
   * and again, and without this the work is exponential in their number.
   */
  readonly #triedFrom = new Map<Node, number>();

  constructor(components: readonly string[]) {
    this.#components = components;
  }

  find(node: Node, index: number): string | undefined {
    const component = this.#components[index];
    if (component === undefined) return node.end;
    const literal = node.literals.get(component);
    const plain = literal && this.find(literal, index + 1);
    if (plain !== undefined) return plain;
    for (const { glob, node: next } of node.globs) {
      const found = glob.fits(component) ? this.find(next, index + 1) : undefined;
      if (found !== undefined) return found;
    }
    return node.deep && this.#findDeep(node.deep, index + 1);
  }

  /** Whatever `**` matches, the rest must match from some component on; what was tried from there on has failed. */
  #findDeep(node: Node, from: number): string | undefined {
    const end = this.#triedFrom.get(node) ?? this.#components.length + 1;
    if (from < end) this.#triedFrom.set(node, from);
    for (let index = from; index < end; index++) {
      const found = this.find(node, index);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function emptyNode(): Node {
  return { end: undefined, literals: new Map(), globs: [], deep: undefined };
}
