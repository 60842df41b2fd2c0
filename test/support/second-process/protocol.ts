/** What the second process can be told to do. */
export type Wish =
  | { readonly do: "write"; readonly key: string; readonly text: string }
  | { readonly do: "remove"; readonly key: string }
  | { readonly do: "lock"; readonly name: string }
  | { readonly do: "unlock"; readonly name: string };

export interface Order {
  readonly order: number;
  readonly wish: Wish;
}

/** Sent when an order is done, or failed. */
export interface Answer {
  readonly order: number;
  readonly failure?: string;
}
