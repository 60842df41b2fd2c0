interface MeterProps {
  /** From 0 to 1. */
  readonly share: number;
  readonly tone?: "accent" | "good" | "warn" | "bad";
  /** What it measures, for screen readers. */
  readonly label: string;
}

export function Meter({ share, tone = "accent", label }: MeterProps) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
  return (
    <span class={`meter ${tone}`}>
      <span class="unseen">{`${label}: ${Math.round(percent)} %`}</span>
      <i style={{ width: share > 0 ? `max(2px, ${percent}%)` : "0" }} />
    </span>
  );
}
