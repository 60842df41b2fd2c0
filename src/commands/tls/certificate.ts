import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import {
  addressBytes,
  bits,
  integer,
  octets,
  oid,
  sequence,
  setOf,
  tagged,
  taggedBytes,
  text,
  time,
  yes,
} from "./der.js";

/** The content of a certificate (RFC 5280). Node cannot create certificates, and openssl may be missing. */
export interface CertificateRequest {
  readonly name: string;
  readonly use: "authority" | "server" | "client";
  /** Host names and IP addresses of a server. */
  readonly hosts: readonly string[];
  readonly notAfter: Date;
}

/** A certificate and its key, in PEM format. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The authority that signs. */
export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

/** A client's clock may be behind ours. */
const backdatedMs = 60 * 60 * 1000;

/** ECDSA with SHA-256 over P-256, which all clients support. */
const algorithm = sequence(oid("1.2.840.10045.4.3.2"));

/** @param issuer the authority that signs; without one, the result is a self-signed authority */
export function issueCertificate(request: CertificateRequest, issuer?: Issuer): IssuedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = issuer ?? { name: request.name, key: privateKey };
  const signed = sequence(
    tagged(0, integer(Buffer.from([2]))),
    // A serial number: positive, and unique.
    integer(Buffer.concat([Buffer.from([0x4b]), randomBytes(15)])),
    algorithm,
    nameOf(signer.name),
    sequence(time(new Date(Date.now() - backdatedMs)), time(request.notAfter)),
    nameOf(request.name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensionsOf(request, publicKey, createPublicKey(signer.key)))),
  );
  const certificate = sequence(signed, algorithm, bits(sign("sha256", signed, signer.key)));
  return { cert: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function extensionsOf({ use, hosts }: CertificateRequest, key: KeyObject, issuerKey: KeyObject): Buffer[] {
  const isAuthority = use === "authority";
  const common = [
    // An authority signs servers and clients, but no other authorities.
    critical("2.5.29.19", isAuthority ? sequence(yes, integer(Buffer.from([0]))) : sequence()),
    // For an authority keyCertSign and cRLSign, otherwise digitalSignature.
    critical("2.5.29.15", isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    extension("2.5.29.14", octets(idOf(key))),
  ];
  if (isAuthority) return common;
  const purpose = use === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
  const names = hosts.length === 0 ? [] : [extension("2.5.29.17", sequence(...hosts.map(alternativeName)))];
  return [
    ...common,
    extension("2.5.29.35", sequence(taggedBytes(0, idOf(issuerKey)))),
    extension("2.5.29.37", sequence(oid(purpose))),
    ...names,
  ];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), octets(value));
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(oid(id), yes, octets(value));
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 0 ? taggedBytes(2, Buffer.from(host)) : taggedBytes(7, addressBytes(host));
}

function nameOf(name: string): Buffer {
  return sequence(setOf(sequence(oid("2.5.4.3"), text(name))));
}

/** The key identifier, computed alike for subject and issuer (RFC 7093). */
function idOf(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
