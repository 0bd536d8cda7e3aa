/** `manifest.json` of a package, and the input of its signature (audit-compliance AU16; RFC 7515, appendix F; RFC 8037). */
import type { PackagedFile, PackageQuery } from '../../../ports/audit-packages.ts';

interface PackageAnchor {
  readonly seq: number;
  readonly at: string;
  readonly digest: string;
}

/** What was put together. */
interface PackageContents {
  readonly query: PackageQuery;
  readonly askedBy: string;
  readonly at: number;
  readonly server: string;
  readonly version: string;
  readonly files: readonly PackagedFile[];
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly chainHead: string;
  readonly anchors: readonly PackageAnchor[];
  readonly anchorFile: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly key: string;
}

const PACKAGE_FORMAT = 'closeloop-audit-package/1';

/** One file a line, so that tools of a shell find them. */
export function buildManifest(packaged: PackageContents): string {
  const { query, askedBy, at, files, firstSeq, lastSeq, chainHead, anchors, counts, key } = packaged;
  const { organization, from, to, patient, referral } = query;
  const lastAnchored = anchors.at(-1)?.seq ?? 0;
  const before = {
    format: PACKAGE_FORMAT,
    server: packaged.server,
    version: packaged.version,
    organization,
    period: { from: instant(from), to: instant(to) },
    query: { ...(patient && { patient }), ...(referral && { referral }) },
    askedBy,
    at: instant(at),
    firstSeq,
    lastSeq,
    chainHead: `sha256:${chainHead}`,
    anchors: anchors.map((anchor) => ({ ...anchor, where: packaged.anchorFile })),
    ...(lastAnchored < lastSeq && { unanchoredFrom: Math.max(lastAnchored + 1, firstSeq) }),
    counts,
    key,
  };
  const listed = files.map((file) => `    ${JSON.stringify(file)}`).join(',\n');
  return `${JSON.stringify(before, undefined, 2).replace(/\n\}$/, '')},\n  "files": [\n${listed}\n  ]\n}\n`;
}

const instant = (ms: number): string => new Date(ms).toISOString();

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** The protected header of the signature, encoded. */
export const jwsHeader = (key: string): string => base64url(JSON.stringify({ alg: 'EdDSA', kid: key }));

/** The bytes that are signed. */
export const signingInput = (header: string, manifest: string): string => `${header}.${base64url(manifest)}`;

/** A signature with its content detached. */
export const detachedJws = (header: string, signature: Uint8Array): string =>
  `${header}..${Buffer.from(signature).toString('base64url')}\n`;
