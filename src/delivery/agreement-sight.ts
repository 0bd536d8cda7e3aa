/**
 * What an organization that works for others sees of what others keep: of whom an agreement is in force with, everything that
 * its referrals reach; of everybody else the directory, its Contracts, and messages without their content (baa-messaging BA13,
 * MK1).
 */
import { MESSAGE_CONTENT } from '../messaging/content.ts';
import { isWithheld, maskMessage, UNMASKED_CONTENT, type Associate } from '../messaging/masked.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Clause, Narrowing, OpenAgreements, Sight } from '../ports/query.ts';
import { isDirectory, RESOURCE_TYPES } from '../resources/index.ts';
import { localRef, valuesAt } from '../resources/element.ts';
import { principalParam } from '../resources/message-values.ts';
import { NOTHING } from '../resources/scope-query.ts';
import { narrowedBy } from './joined-clauses.ts';

/** How files are narrowed: not at all, to those of the others' counterparties, or to nothing. */
type Files = 'all' | 'kept' | 'none';

/** Types that no agreement closes: messages are masked, audit is each side's own half (MS53). */
const ALWAYS_OPEN: ReadonlySet<string> = new Set(['Communication', 'AuditEvent', 'Binary']);

/** Elements of a Contract that name its two parties: what opens an agreement is read by both. */
const PARTIES = ['authority', 'subject'] as const;

/** What is left of each type. The same for the same organizations, so that verdicts about it are remembered. */
export function agreementNarrowing(associate: Associate, files: Files): Narrowing {
  return remembered(associate, files, () => {
    const { organization, open } = associate;
    const keeper: Clause = { kind: 'keeper', of: [organization, '', ...open] };
    const narrowing: Record<string, Clause> = {};
    for (const { type } of RESOURCE_TYPES.values())
      if (!ALWAYS_OPEN.has(type) && !isDirectory(type)) narrowing[type] = keeper;
    const isParty = PARTIES.map((param): Clause => ({ kind: 'reference', param, to: [organization] }));
    narrowing['Contract'] = { kind: 'any', of: [keeper, ...isParty] };
    if (files !== 'all') narrowing['Binary'] = files === 'none' ? NOTHING : keeper;
    return narrowing;
  });
}

const made = new Map<string, Narrowing>();
const MADE_MAX = 500;

function remembered({ organization, open }: Associate, files: Files, make: () => Narrowing): Narrowing {
  const key = [files, organization, ...[...open].toSorted()].join(' ');
  const known = made.get(key);
  if (known !== undefined) return known;
  if (made.size >= MADE_MAX) made.clear();
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}

/** The sight of an organization that works for others, as its agreements are. */
export function withAgreements(sight: Sight, agreements: OpenAgreements): Sight {
  if (sight.everything) return sight;
  const closed = agreementNarrowing({ organization: sight.organization, ...agreements }, 'kept');
  const { narrow } = sight;
  return {
    ...sight,
    agreements: { open: agreements.open, ...(narrow !== undefined && { otherwise: narrow }) },
    narrow: narrowedBy(narrow, closed) ?? closed,
  };
}

/** A sight of {@link withAgreements}, as if every agreement of the organization were in force. */
export function withoutAgreements(sight: Sight): Sight {
  if (sight.everything || sight.agreements === undefined) return sight;
  const { agreements, narrow: _narrow, ...others } = sight;
  return { ...others, ...(agreements.otherwise !== undefined && { narrow: agreements.otherwise }) };
}

/** The associate that looks, if one does. */
export const lookingAssociate = (sight: Sight): Associate | undefined =>
  sight.everything || sight.agreements === undefined
    ? undefined
    : { organization: sight.organization, ...sight.agreements };

/**
 * Whether an associate may see a resource at all; of a file, whether by who keeps it.
 *
 * @param contract of a Contract, what it says
 */
export const isOpenTo = (
  { organization, open }: Associate,
  type: string,
  keeper: Ref | '',
  contract?: Resource,
): boolean =>
  keeper === '' ||
  keeper === organization ||
  open.has(keeper) ||
  isDirectory(type) ||
  (type !== 'Binary' && ALWAYS_OPEN.has(type)) ||
  (contract !== undefined &&
    PARTIES.some((party) => valuesAt(contract, party).some((one) => localRef(one) === organization)));

/** A resource as an associate may read it; the resource itself where that is all of it. */
export const showToAssociate = (associate: Associate, resource: Resource, keeper: Ref | ''): Resource =>
  isWithheld(resource, keeper, associate) ? maskMessage(resource) : resource;

/**
 * A search of an associate, which masked content must not answer (MK3): words, and the texts beside codes, are looked for in
 * messages that it reads whole alone.
 */
export function askedOfShown(associate: Associate, type: string, where: Clause): Clause {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map((one) => askedOfShown(associate, type, one)) };
    case 'not':
      return { kind: 'not', clause: askedOfShown(associate, type, where.clause) };
    case 'text':
    case 'display':
      return type === 'Communication' ? { kind: 'all', of: [where, isShownWhole(associate)] } : where;
    case 'has':
      return { ...where, where: askedOfShown(associate, where.type, where.where) };
    case 'chain': {
      const chains = where.types.map((target): Clause => ({
        ...where,
        types: [target],
        where: askedOfShown(associate, target, where.where),
      }));
      const [only] = chains;
      return chains.length === 1 && only !== undefined ? only : { kind: 'any', of: chains };
    }
    default:
      return where;
  }
}

/** As {@link isWithheld}, on the search values of a message. */
function isShownWhole({ organization, open }: Associate): Clause {
  const content = (code: string): Clause => ({
    kind: 'token',
    param: 'category',
    system: MESSAGE_CONTENT,
    code,
  });
  const needsNone: Clause = {
    kind: 'all',
    of: [
      { kind: 'any', of: UNMASKED_CONTENT.map(content) },
      { kind: 'not', clause: content('phi') },
    ],
  };
  const toldOpenly: Clause = {
    kind: 'not',
    clause: {
      kind: 'other',
      clause: { kind: 'reference', param: principalParam(organization), to: [...open] },
    },
  };
  const keptOpenly: Clause = { kind: 'keeper', of: [organization, '', ...open] };
  return { kind: 'any', of: [needsNone, { kind: 'all', of: [toldOpenly, keptOpenly] }] };
}
