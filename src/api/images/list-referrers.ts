import type { Exchange } from "../../http/exchange.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { type Digest, isDigest, parseDigest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import { lookAt, looking } from "../looking.js";
import { badRequest, digestOf, repositoryOf, textOf } from "../query.js";
import { type AttachedKind, attachedTags } from "./attached-tags.js";
import { TextBudget } from "./text-budget.js";

type ReferrerKind = AttachedKind | "other";

/** What the types of referrers contain, the first that fits. */
const kindsByWord: readonly (readonly [RegExp, ReferrerKind])[] = [
  [/spdx|cyclonedx|syft|sbom/i, "sbom"],
  [/in-toto|attestation|slsa|predicate|dsse/i, "attestation"],
  [/cosign|simplesigning|signature|sigstore|notary/i, "signature"],
];

const predicateKeys = ["dev.sigstore.bundle.predicateType", "predicateType", "in-toto.io/predicate-type"];

/** Signatures, SBOMs, attestations and whatever else refers to a manifest. */
export async function listReferrers(exchange: Exchange, registry: Registry): Promise<unknown> {
  const name = repositoryOf(exchange);
  const subject = digestOf(exchange);
  const last = lastOf(exchange);
  const repository = await lookAt(registry, exchange, name);
  const page = await repository.listReferrers(subject, last === undefined ? {} : { last }, looking(exchange));
  const texts = new TextBudget(1024 * 1024);
  const listed = page.items.map((referrer) => describe(referrer, texts));
  const tagged = last === undefined ? await taggedReferrers(repository, subject, exchange) : [];
  return {
    items: [...listed, ...tagged],
    next: page.more ? (page.last ?? page.items.at(-1)?.digest) : undefined,
  };
}

function lastOf(exchange: Exchange): Digest | undefined {
  const last = textOf(exchange, "last", 140);
  if (last === undefined || last === "") return undefined;
  if (!isDigest(last)) throw badRequest("last must be the digest that the page before ended with");
  return parseDigest(last);
}

function describe({ digest, mediaType, artifactType, size, annotations }: Descriptor, texts: TextBudget) {
  const kind = kindOfReferrer([...predicateKeys.map((key) => annotations?.[key]), artifactType, mediaType]);
  return { digest, mediaType, artifactType, size, annotations: texts.texts(annotations), kind };
}

/** @param words what says more comes first */
function kindOfReferrer(words: readonly (string | undefined)[]): ReferrerKind {
  for (const word of words) {
    const found = word === undefined ? undefined : kindsByWord.find(([pattern]) => pattern.test(word));
    if (found !== undefined) return found[1];
  }
  return "other";
}

async function taggedReferrers(repository: PullRepository, subject: Digest, exchange: Exchange) {
  const found = await Promise.all(
    attachedTags(subject).map(async ({ tag, kind }) => {
      try {
        const { descriptor } = await repository.resolveManifest(tag, looking(exchange));
        const { digest, mediaType, size } = descriptor;
        return [{ digest, mediaType, size, kind, tag }];
      } catch (error) {
        if (error instanceof RegistryError && error.status < 500) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
