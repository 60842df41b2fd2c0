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
    let found: string | undefined;
    const isFirst = (pattern: string) => {
      found = pattern;
      return true;
    };
    new Search(name.split("/"), isFirst).walk(this.#root, 0);
    return found;
  }

  /** Every pattern that matches the name. */
  findAll(name: RepositoryName): ReadonlySet<string> {
    const found = new Set<string>();
    const isEnough = (pattern: string) => {
      found.add(pattern);
      return false;
    };
    new Search(name.split("/"), isEnough).walk(this.#root, 0);
    return found;
  }

  #add(pattern: string): void {
    let node = this.#root;
    for (const component of pattern.split("/")) node = childOf(node, component);
    node.end ??= pattern;
  }
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

/** The search for the patterns of one name. */
class Search {
  readonly #components: readonly string[];
  /** Gets each pattern that matches. @returns whether the search is over */
  readonly #take: (pattern: string) => boolean;
  /**
   * From which component of the name each node after a `**` was tried: several `**` lead to the same node again and
   * again, and without this the work is exponential in their number.
   */
  readonly #triedFrom = new Map<Node, number>();

  constructor(components: readonly string[], take: (pattern: string) => boolean) {
    this.#components = components;
    this.#take = take;
  }

  /** @returns whether the search is over */
  walk(node: Node, index: number): boolean {
    const component = this.#components[index];
    if (component === undefined) return node.end !== undefined && this.#take(node.end);
    const literal = node.literals.get(component);
    if (literal !== undefined && this.walk(literal, index + 1)) return true;
    for (const { glob, node: next } of node.globs) {
      if (glob.fits(component) && this.walk(next, index + 1)) return true;
    }
    return node.deep !== undefined && this.#walkDeep(node.deep, index + 1);
  }

  /** Whatever `**` matches, the rest must match from some component on; what was tried from there on is known. */
  #walkDeep(node: Node, from: number): boolean {
    const end = this.#triedFrom.get(node) ?? this.#components.length + 1;
    if (from < end) this.#triedFrom.set(node, from);
    for (let index = from; index < end; index++) if (this.walk(node, index)) return true;
    return false;
  }
}

function emptyNode(): Node {
  return { end: undefined, literals: new Map(), globs: [], deep: undefined };
}
