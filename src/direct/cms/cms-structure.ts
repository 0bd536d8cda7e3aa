/** What all CMS structures share: the ContentInfo around them (RFC 5652, 3), and how they name an algorithm. */
import { Null, type AsnType } from 'asn1js';
import { AlgorithmIdentifier, ContentInfo } from 'pkijs';
import type { MailLimits } from '../mime/limits.ts';
import { orNothing, readAsn1 } from './asn1.ts';

interface ReadContentInfo {
  /** Its object identifier. */
  readonly type: string;
  readonly content: AsnType;
}

/** Undefined for bytes that are none, or beyond the limits. */
export function readContentInfo(bytes: Uint8Array, limits: MailLimits): ReadContentInfo | undefined {
  const schema = readAsn1(bytes, limits);
  const info = schema && orNothing(() => new ContentInfo({ schema }));
  // pkijs types the content loosely; it is a value of asn1js.
  return info && { type: info.contentType, content: info.content as AsnType };
}

export const writeContentInfo = (contentType: string, content: AsnType): Uint8Array =>
  new Uint8Array(new ContentInfo({ contentType, content }).toSchema().toBER());

/** An algorithm whose parameters are NULL. */
export const algorithmNamed = (algorithmId: string): AlgorithmIdentifier =>
  new AlgorithmIdentifier({ algorithmId, algorithmParams: new Null() });
