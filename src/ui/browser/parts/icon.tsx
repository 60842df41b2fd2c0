/** Strokes on a grid of 16. */
const shapes = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
  copy: "M5.5 5.5V3A1 1 0 0 1 6.5 2H13a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-2.5M3 5.5h6.5a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1z",
  check: "m3 8.5 3.2 3.2L13 4.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13.5 9.5A6 6 0 1 1 6.5 2.5a4.7 4.7 0 0 0 7 7z",
  system: "M2.5 3h11a.5.5 0 0 1 .5.5v7a.5.5 0 0 1-.5.5h-11a.5.5 0 0 1-.5-.5v-7a.5.5 0 0 1 .5-.5zM6 13.5h4",
  folder: "M2 12.5v-9a1 1 0 0 1 1-1h3.2l1.5 2H13a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1z",
  box: "M8 1.8 13.8 5v6L8 14.2 2.2 11V5zM2.4 5.1 8 8.2l5.6-3.1M8 8.2v5.9",
  tag: "M2 2.5v5l6.3 6.3a1 1 0 0 0 1.4 0l4.1-4.1a1 1 0 0 0 0-1.4L7.5 2H2.5a.5.5 0 0 0-.5.5zM5 5.2h.01",
  layers: "m8 2 6 3.2-6 3.2-6-3.2zM2 8.2l6 3.2 6-3.2M2 11l6 3.2L14 11",
  chevron: "m6 3.5 4.5 4.5L6 12.5",
  alert: "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.6h.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5V11M8 5.1h.01",
  good: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.3 8.2l1.9 1.9 3.5-3.9",
  down: "M8 2v8.5M4.5 7.5 8 11l3.5-3.5M2.5 14h11",
  refresh: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.8v2.7h-2.7",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.2a.9.9 0 0 0 .9.8h5a.9.9 0 0 0 .9-.8L12 4M6.6 7v4M9.4 7v4",
  shield: "M8 1.8 13 3.7v4c0 3-2 5.2-5 6.5-3-1.3-5-3.5-5-6.5v-4zM5.7 8l1.6 1.6 3-3.2",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  key: "M10.5 9a3.5 3.5 0 1 0-3.3-2.4L2 11.8V14h2.2v-1.5h1.5V11h1.5l1.2-1.2c.6.1 1.4-.1 2.1-.8zM11 5.2h.01",
  cloud: "M4.5 12.5a3 3 0 0 1-.4-6 4 4 0 0 1 7.7 1 2.5 2.5 0 0 1-.3 5z",
  user: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.4-2.8 2.6-4.2 5.5-4.2s5.1 1.4 5.5 4.2",
  terminal: "m3 4.5 3.5 3.5L3 11.5M8 12h5",
} as const;

export type IconName = keyof typeof shapes;

/** Beside a text that says the same, so screen readers skip it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b63ce" />
      <path
        fill="none"
        stroke="#fff"
        stroke-width="2.4"
        stroke-linecap="round"
        stroke-linejoin="round"
        d="M8 18.5h16l-2.2 4.6a2 2 0 0 1-1.8 1.1h-8a2 2 0 0 1-1.8-1.1zM11 18.5v-4.5h4.6v4.5M16.4 18.5v-9h4.6v9"
      />
    </svg>
  );
}
