import type { RepositoryName } from "../oci/repository-name.js";
import { Glob } from "./glob.js";

/** A place in the patterns, and what may come after it. */
interface Node {
  /** The pattern that ends here. */
  end: string | undefined;
  readonly literals: Map<string, Node>;
  readonly globs: { readonly text: string; readonly glob: Glob; readonly node: Node }[];
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
    return new Search(name.split("/")).find(this.#root, 0);
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
   * How far into the name each place after a `**` was tried in vain, from the end: several `**` lead to the same
   * place again and again, and without this the work is exponential in their number.
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

  /** Whatever `**` takes, the rest must fit from some component on: what was tried from there on failed. */
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
