/**
 * Resources put into the store as they are, past the rules of a write: for tests that look at what a state of an agreement does,
 * and not at how it came about.
 */
import type { AgreementState } from '../src/agreements/state.ts';
import type { Ref, Resource } from '../src/fhir/types.ts';
import { auditedCommit } from '../src/ports/commit.ts';
import type { Reach } from '../src/ports/reach.ts';
import type { Store, Write } from '../src/ports/store.ts';
import { RESOURCE_TYPES } from '../src/resources/index.ts';
import { searchValues } from '../src/resources/search-values.ts';
import { agreement, type AgreementSpec } from './agreements.ts';
import { AUDIT_ROW } from './audit-row.ts';

interface Kept {
  readonly resource: Resource;
  readonly custodian: Ref;
  /** The version that it replaces; none: it is new. */
  readonly base?: number;
  readonly reach?: Partial<Reach>;
}

/** Writes resources in one commit. @returns its number */
export async function keep(store: Store, ...kept: readonly Kept[]): Promise<number> {
  const writes = kept.map((one) => writeOf(one));
  const { seq } = await store.commit(auditedCommit([AUDIT_ROW], { writes }));
  return seq;
}

function writeOf({ resource, custodian, base = 0, reach = {} }: Kept): Write {
  const { meta, ...others } = resource;
  const type = resource.resourceType;
  const before = JSON.stringify({ ...others, meta: { ...meta, versionId: '@', lastUpdated: '@' } });
  const [start = '', middle = '', end = ''] = before.split('@');
  return {
    ref: `${type}/${resource.id ?? ''}`,
    method: 'PUT',
    base,
    text: { pieces: [start, middle, end], holes: ['seq', 'at'] },
    custodian,
    values: searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment),
    reach: { parties: [], outward: [], inward: [], everyone: false, ...reach },
  };
}

const ENDED = { start: '2020-01-01', end: '2020-12-31' };
const RUNNING = { start: '2020-01-01', end: null };

/** A Contract in each state, whenever that is asked. */
const IN_STATE: Readonly<Record<AgreementState, AgreementSpec>> = {
  none: { ...RUNNING, status: 'rejected', signed: [] },
  staging: { ...RUNNING, status: 'policy', signed: [] },
  pending: { ...RUNNING, status: 'executable', signed: ['principal'] },
  active: { ...RUNNING, status: 'executed', signedOn: '2020-01-01T09:00:00Z' },
  expired: { ...ENDED, status: 'executed', signedOn: '2020-01-01T09:00:00Z' },
  revoked: { ...RUNNING, status: 'revoked', reason: { code: 'service-ended', text: 'It ended.' } },
};

interface AgreementParties {
  readonly principal: Ref;
  readonly associate: Ref;
  readonly id?: string;
  /** The version that it replaces; none: it is new. */
  readonly base?: number;
  /** The associate is shown it, as from the offer on. */
  readonly isShown?: boolean;
}

/** Keeps a Contract between two organizations in a state. @returns the version */
export async function keepAgreement(
  store: Store,
  state: AgreementState,
  { base, isShown = false, ...named }: AgreementParties,
): Promise<number> {
  const id = named.id ?? `baa-${named.principal.split('/')[1]}-${named.associate.split('/')[1]}`;
  const resource = agreement({ ...IN_STATE[state], ...named, id });
  const reach = isShown ? { parties: [named.associate] } : {};
  return keep(store, {
    resource,
    custodian: named.principal,
    reach,
    ...(base !== undefined && { base }),
  });
}
