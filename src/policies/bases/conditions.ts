/** What the bases ask for, piece by piece: each condition says what is missing, or nothing. */
import { basisRow, type Basis } from '../basis.ts';
import type { EvidenceCode, LackingPiece } from '../claim.ts';
import { permitsAt, type Permit } from '../consent/permit.ts';
import { isConfidentialityName } from '../labels/confidentiality.ts';
import type { PartyKind } from '../party-kind.ts';
import type { Disclosure } from '../policy.ts';

/** What a disclosure lacks in one respect; undefined: nothing. */
export type BasisCondition = (disclosure: Disclosure) => LackingPiece | undefined;

const asks =
  (part: LackingPiece['part'], says: string, holds: (disclosure: Disclosure) => boolean): BasisCondition =>
  (disclosure) =>
    holds(disclosure) ? undefined : { part, says };

/** The recipient is what the basis is for. */
export function recipientFits(basis: Basis): BasisCondition {
  const { recipients } = basisRow(basis);
  switch (recipients) {
    case 'anybody':
    case 'named':
    case 'associate': // the agreement shows it
      return () => undefined;
    case 'entity':
      return asks('performer', 'a recipient of the same legal entity', ({ sameEntity }) => sameEntity);
    case 'person':
      return asks(
        'performer',
        'the patient, or a person close to the patient: a referral tells none',
        () => false,
      );
    default:
      return recipientIs(...recipients);
  }
}

/** The recipient is of one of these kinds. */
export const recipientIs = (...kinds: readonly PartyKind[]): BasisCondition =>
  asks('performer', `a recipient that is ${oneOf(kinds)}`, ({ recipientKinds }) =>
    kinds.some((kind) => recipientKinds.has(kind)),
  );

const oneOf = (kinds: readonly PartyKind[]): string => `of the kind ${kinds.join(' or ')}`;

export const discloserIs = (kind: PartyKind): BasisCondition =>
  asks('requester', `a discloser of the kind ${kind}`, ({ discloserKinds }) => discloserKinds.has(kind));

export const lawCited: BasisCondition = asks('law', 'the law that it rests on', ({ evidence }) =>
  isSaid(evidence.law),
);

export const justified: BasisCondition = asks('justification', 'a justification', ({ evidence }) =>
  isSaid(evidence.justification),
);

const INFORMED: ReadonlySet<string> = new Set(['informed', 'risk-of-harm', 'representative-suspected']);

export const patientInformed: BasisCondition = asks(
  'informed',
  'whether the patient was informed',
  ({ evidence }) => INFORMED.has(evidence.informed ?? ''),
);

export const authorityIs = (kind: PartyKind): BasisCondition =>
  asks(
    'authority',
    `an authority of the kind ${kind}`,
    ({ evidence }) => evidence.authority?.has(kind) === true,
  );

/** A document is on file that says what it is. */
export const onFile = (code: EvidenceCode, says: string): BasisCondition =>
  asks('evidence', says, ({ evidence }) =>
    evidence.files.some(({ current, codes }) => current && codes.includes(code)),
  );

export const clinicianAsserts: BasisCondition = asks(
  'requester',
  'a clinician who asserts it',
  ({ evidence }) => evidence.clinician,
);

export const bothRelated: BasisCondition = asks(
  'evidence',
  'a relationship of discloser and recipient with the patient, on record here',
  ({ evidence }) => evidence.related,
);

export const glassBroken: BasisCondition = asks(
  'evidence',
  'emergency access by $break-glass',
  ({ evidence }) => evidence.emergency,
);

export const byTheAdministrator: BasisCondition = asks(
  'code',
  'an administrator to claim it',
  ({ evidence }) => evidence.administrator,
);

export const isHealthRelated: BasisCondition = asks(
  'category',
  'a service that has to do with health: a category or a code of one',
  ({ healthRelated }) => healthRelated,
);

/** One of two conditions holds; where neither does, it says so in these words. */
export const either =
  (one: BasisCondition, other: BasisCondition, says: string): BasisCondition =>
  (disclosure) => {
    const lack = one(disclosure);
    return lack === undefined || other(disclosure) === undefined ? undefined : { ...lack, says };
  };

const isSaid = (text: string | undefined): boolean => (text ?? '').trim() !== '';

/** The permits that cover a disclosure now, of those that are wanted. */
export function permitsFor(disclosure: Disclosure, isWanted: (permit: Permit) => boolean): readonly Permit[] {
  const { what, from, to, recipientKinds, facts, purpose, permits, now } = disclosure;
  const telling = { ...what, from, to, recipientKinds, labels: facts.labels, purpose };
  const asked = carriesOnly(disclosure) ? withoutContent : (permit: Permit) => permit;
  return permits.filter((permit) => isWanted(permit) && permitsAt(asked(permit), telling, now));
}

/** Types by which a referral arrives: whom the patient's word names is told that there is one, and of whom. */
const CARRYING: ReadonlySet<string> = new Set(['Task', 'ServiceRequest', 'Patient']);

const carriesOnly = ({ what, facts }: Disclosure): boolean =>
  CARRYING.has(what.type) && [...facts.labels].every((label) => isConfidentialityName(label));

const withoutContent = (permit: Permit): Permit => ({
  ...permit,
  labels: undefined,
  types: undefined,
  refs: undefined,
});
