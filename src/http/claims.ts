/** What the claims of a verified token say (RFC 9068, 2.2; SMART App Launch 2.2). */
import type { JWTPayload } from 'jose';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';

export interface ClaimSettings {
  readonly organizationClaim: string;
  /** How the claim names the organization: `Organization/id`, or `system|value`. */
  readonly organizationClaimForm: 'reference' | 'identifier';
}

/** What a claim, or X-On-Behalf-Of, calls an organization. */
export type OrganizationName =
  | { readonly reference: Ref }
  | { readonly system: string; readonly value: string };

/** A text with spaces (RFC 8693, 4.2), or an array as some issuers write it. */
export function readScope(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(/\s+/);
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;

export function nameIn(payload: JWTPayload, settings: ClaimSettings): OrganizationName | undefined {
  const claim = textOf(payload[settings.organizationClaim]);
  if (claim === undefined) return undefined;
  return settings.organizationClaimForm === 'reference' ? readReference(claim) : readIdentifier(claim);
}

export function readReference(text: string): { readonly reference: Ref } | undefined {
  const [type, id = '', ...more] = text.split('/');
  return type === 'Organization' && ID.test(id) && more.length === 0
    ? { reference: `Organization/${id}` }
    : undefined;
}

function readIdentifier(text: string): OrganizationName | undefined {
  const at = text.lastIndexOf('|');
  const [system, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  return at > 0 && value !== '' ? { system, value } : undefined;
}

/** The launch context (SMART App Launch 2.2): the id of a Patient. One that is malformed must not widen what is seen. */
export function readPatient(claim: unknown): Ref | undefined {
  if (claim === undefined || claim === null) return undefined;
  const id = typeof claim === 'string' ? claim.replace(/^Patient\//, '') : '';
  if (ID.test(id)) return `Patient/${id}`;
  throw new OperationOutcomeError('token-invalid', {
    diagnostics: 'The claim patient is not the id of a Patient.',
  });
}

export const textOf = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim !== '' ? claim : undefined;
