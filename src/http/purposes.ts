/** Which purposes of use a token may claim, and what counts when it claims none (compliance D4). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { Role } from '../identity/roles.ts';
import type { Caller } from '../operations/request.ts';
import { isPurpose, mayActFor, USUAL_PURPOSES, type Purpose } from '../policies/purpose.ts';

/** Who asks, as far as the purpose turns on it. */
export type AskingCaller = Pick<Caller, 'organization' | 'user' | 'patient' | 'scopes'>;

/** A row of the setting `clientPurposes`: `client=TREAT BTG`; undefined where it is none. */
export function parseClientPurposes(
  row: string,
): readonly [client: string, allowed: readonly Purpose[]] | undefined {
  const at = row.lastIndexOf('=');
  const [client, codes] = [
    row.slice(0, Math.max(at, 0)).trim(),
    row
      .slice(at + 1)
      .trim()
      .split(/ +/),
  ];
  return client !== '' && codes.every(isPurpose) ? [client, codes] : undefined;
}

/**
 * The purposes that a token claims, where its client may act for every one of them.
 *
 * @param rows of the setting `clientPurposes`; a client without one has the usual purposes
 * @throws OperationOutcomeError `purpose-not-allowed`
 */
export function checkPurposes(
  claimed: readonly string[],
  client: string,
  rows: readonly string[],
): readonly Purpose[] {
  if (claimed.length === 0) return [];
  const own = rows.map(parseClientPurposes).find((row) => row?.[0] === client);
  const allowed = own?.[1] ?? USUAL_PURPOSES;
  return claimed.map((code) => {
    if (isPurpose(code) && mayActFor(code, allowed)) return code;
    throw new OperationOutcomeError('purpose-not-allowed', {
      diagnostics: `This client may not act for purpose ${code}.`,
    });
  });
}

const INDIVIDUAL = /(?:^|\/)(?:Patient|RelatedPerson)\/[^/]+$/;

/**
 * Whether the patient, or somebody for the patient, uses the application (45 CFR 164.502(g)): the token's user says so, or
 * it names no user and all its scopes are those of one patient.
 */
export function isInPerson({ user, patient, scopes }: AskingCaller): boolean {
  if (user !== undefined) return INDIVIDUAL.test(user);
  return patient !== undefined && scopes.length > 0 && scopes.every(({ level }) => level === 'patient');
}

/** Finds the purpose of a caller who claims none. */
export type FindUsualPurpose = (asking: AskingCaller) => Promise<Purpose>;

/** The organization with the purposes of acting for it: those claimed, else the usual one. */
export async function purposesFor(
  asking: AskingCaller & {
    readonly claimed: readonly Purpose[];
    readonly roles?: readonly Role[] | undefined;
  },
  organization: Ref | undefined,
  findUsual: FindUsualPurpose,
): Promise<readonly Purpose[]> {
  if (asking.claimed.length > 0) return asking.claimed;
  // Whoever does nothing but bill asks for payment (harmony Z19).
  if (asking.roles?.every((role) => role === 'biller') === true && asking.roles.length > 0) return ['HPAYMT'];
  return [await findUsual({ ...asking, organization })];
}
