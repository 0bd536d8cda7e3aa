/** What a business associate agreement must contain (45 CFR 164.504(e)(2), 164.314(a)(2); baa-messaging 3, BA6). */
import type { Resource } from '../fhir/types.ts';
import { AGREEMENT_EXTENSIONS, asContract, kindsOfAgreement, valueOf } from './contract.ts';

/** When an agreement must hold a term: always, never, where the associate does a duty of the principal, or unless a government body may not. */
type Required = 'always' | 'never' | 'with-delegated-duty' | 'except-government';

interface ChecklistRow {
  /** Of https://closeloop.dev/fhir/CodeSystem/baa-checklist. */
  readonly code: string;
  /** The paragraph of 45 CFR 164 that asks for it. */
  readonly law: string;
  readonly required: Required;
  /** The agreement says … */
  readonly says: string;
}

// prettier-ignore
export const CHECKLIST: readonly ChecklistRow[] = [
  { code: 'uses',           law: '504(e)(2)(i)',       required: 'always',              says: 'which uses and disclosures are permitted and required, none that the principal itself could not make' },
  { code: 'no-other-use',   law: '504(e)(2)(ii)(A)',   required: 'always',              says: 'that information is not used or disclosed otherwise' },
  { code: 'safeguards',     law: '504(e)(2)(ii)(B)',   required: 'always',              says: 'that the associate uses appropriate safeguards, and keeps the Security Rule for electronic information (314(a)(2)(i)(A))' },
  { code: 'report',         law: '504(e)(2)(ii)(C)',   required: 'always',              says: 'that the associate reports other uses, breaches (410) and security incidents (314(a)(2)(i)(C))' },
  { code: 'subcontractors', law: '504(e)(2)(ii)(D)',   required: 'always',              says: 'that subcontractors agree to the same restrictions (314(a)(2)(i)(B))' },
  { code: 'access',         law: '504(e)(2)(ii)(E)',   required: 'always',              says: 'that patients get access (524)' },
  { code: 'amendment',      law: '504(e)(2)(ii)(F)',   required: 'always',              says: 'that records are amended (526)' },
  { code: 'accounting',     law: '504(e)(2)(ii)(G)',   required: 'always',              says: 'that disclosures are accounted for (528)' },
  { code: 'delegated',      law: '504(e)(2)(ii)(H)',   required: 'with-delegated-duty', says: 'that the associate follows Subpart E where it does a duty of the principal' },
  { code: 'books',          law: '504(e)(2)(ii)(I)',   required: 'always',              says: 'that its books are open to the Secretary' },
  { code: 'return',         law: '504(e)(2)(ii)(J)',   required: 'always',              says: 'that information is returned or destroyed at the end if feasible, or else stays protected' },
  { code: 'termination',    law: '504(e)(2)(iii)',     required: 'except-government',   says: 'that the principal may end it when a material term is violated' },
  { code: 'own-management', law: '504(e)(4)(i)',       required: 'never',               says: 'that the associate may use information for its own management' },
  { code: 'aggregation',    law: '504(e)(2)(i)(B)',    required: 'never',               says: 'that the associate may combine data of several principals' },
  { code: 'part2-qso',      law: '42 CFR 2.11',        required: 'never',               says: 'that the associate is bound by 42 CFR Part 2 as a qualified service organization' },
];

/**
 * The required terms that an agreement does not say it holds, as codes in the order of the table. An entry counts that
 * says where the term stands: its clause or its page.
 */
export function gapsOf(contract: Resource): readonly string[] {
  const held = new Set(
    (asContract(contract).extension ?? [])
      .filter(({ url }) => url === AGREEMENT_EXTENSIONS.checklist)
      .filter(({ extension }) => (valueOf(extension, 'clause') ?? valueOf(extension, 'page')) !== undefined)
      .map(({ extension }) => valueOf(extension, 'code')),
  );
  return CHECKLIST.filter(({ code, required }) => !held.has(code) && isRequired(required, contract)).map(
    ({ code }) => code,
  );
}

function isRequired(required: Required, contract: Resource): boolean {
  if (required === 'with-delegated-duty')
    return (asContract(contract).extension ?? []).some(
      ({ url }) => url === AGREEMENT_EXTENSIONS.delegatedDuty,
    );
  return required === 'always' || (required === 'except-government' && !isGovernment(contract));
}

const isGovernment = (contract: Resource): boolean => kindsOfAgreement(contract).includes('government-mou');

/** The terms in words, with the paragraphs that ask for them: `504(e)(2)(ii)(D) subcontractors`. */
export const gapWords = (gaps: readonly string[]): string => gaps.map(withLaw).join(', ');

const withLaw = (gap: string): string => {
  const row = CHECKLIST.find(({ code }) => code === gap);
  return row === undefined ? gap : `${row.law} ${row.code}`;
};
