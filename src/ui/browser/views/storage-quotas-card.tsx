import type { StorageQuota } from "../api/registry-answers.js";
import { Icon } from "../parts/icon.js";
import { Meter } from "../parts/meter.js";
import { countOf, sizeText } from "../text/sizes.js";

/** The fullest ones; `berth usage` tells of all. */
const shownQuotas = 4;

/** How full the quotas of private repositories are. */
export function StorageQuotasCard({ quotas }: { readonly quotas: readonly StorageQuota[] }) {
  return (
    <section class="card padded stat">
      <h2>
        <Icon name="box" /> {quotas.length === 1 ? "Storage quota" : "Storage quotas"}
      </h2>
      <ul class="quota-list">
        {quotas.slice(0, shownQuotas).map((quota) => (
          <QuotaUse key={quota.repositories.join(" ")} quota={quota} />
        ))}
      </ul>
      {quotas.length > shownQuotas && (
        <p class="muted small">{countOf(quotas.length - shownQuotas, "other")} with more room</p>
      )}
    </section>
  );
}

function QuotaUse({ quota: { repositories, used, limit, isUnreadable } }: { readonly quota: StorageQuota }) {
  const names = repositories.join(", ");
  const share = limit === 0 ? 1 : (used ?? 0) / limit;
  const unknownUse = isUnreadable === true ? "cannot be read" : "not counted yet";
  return (
    <li>
      <div class="quota-line">
        <bdi title={names}>{names}</bdi>
        <span class="muted small number">
          {used === undefined ? unknownUse : `${sizeText(used)} of ${sizeText(limit)}`}
        </span>
      </div>
      <Meter share={share} tone={toneOf(share)} label={`Part of the quota of ${names} that is used`} />
    </li>
  );
}

function toneOf(share: number): "accent" | "warn" | "bad" {
  if (share >= 1) return "bad";
  return share >= 0.9 ? "warn" : "accent";
}
