/** A world with a principal and its associate, whose clock the tests set; agreements are put there as they stand. */
import { bodyOf } from '../../../src/fhir/json.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { associateOf, associateSees } from '../../../src/agreements/contract.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { buildWrite } from '../../../src/operations/write/commit.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import {
  administratorFor,
  callerOf,
  openWorld,
  type Stored,
  type World,
  type WorldReply,
} from '../../world.ts';

export const elm = callerOf('elm', { user: 'Practitioner/ada' });
export const billing = callerOf('billing-co');
export const oak = callerOf('oak');

export interface Scene extends World {
  /** Milliseconds since 1970. */
  now: number;
  /** Stores an agreement as it stands, by no move. */
  put(spec: AgreementSpec & { readonly id: string }): Promise<Stored>;
  putAsIs(contract: Resource): Promise<Stored>;
  /** Reads a Contract that must be there, whoever may see it. */
  stored(ref: Ref): Promise<Stored>;
}

export async function openScene(): Promise<Scene> {
  const at = { now: Date.parse('2026-06-01T12:00:00Z') };
  const world = await openWorld({ engine: { clock: { now: () => at.now } } });
  await world.seedDirectory('elm', 'billing-co', 'oak');
  await world.ask(administratorFor('elm'), 'PUT', 'Binary/agreement', {
    resourceType: 'Binary',
    id: 'agreement',
    contentType: 'application/pdf',
    data: 'JVBERi0xLjQK',
  });
  const putAsIs = async (contract: Resource): Promise<Stored> => {
    const ref: Ref = `Contract/${contract.id ?? ''}`;
    const associate = associateSees(contract) ? associateOf(contract) : undefined;
    const write = buildWrite({
      ref,
      method: 'PUT',
      base: 0,
      before: undefined,
      after: bodyOf(contract),
      custodian: 'Organization/elm',
      origin: 'server',
      parties: associate === undefined ? [] : [associate],
    });
    await world.store.commit(auditedCommit([SEEDED], { writes: [write] }));
    return stored(ref);
  };
  const stored = async (ref: Ref): Promise<Stored> => {
    const version = await world.store.snapshot().read(ref, { everything: true });
    return JSON.parse(version?.text ?? 'null') as Stored; // as stored
  };
  return Object.assign(world, {
    get now() {
      return at.now;
    },
    set now(ms: number) {
      at.now = ms;
    },
    put: (spec: AgreementSpec & { readonly id: string }) => putAsIs(agreement(spec)),
    putAsIs,
    stored,
  });
}

const SEEDED = {
  event: 'update',
  action: 'U',
  outcome: '0',
  agent: { organization: '', client: 'test', subject: 'test' },
  requestId: 'seed',
  entities: [],
  patients: [],
  viewers: [],
} as const;

export const reason = (code: string, text: string, effective?: string) => ({
  url: 'https://closeloop.dev/fhir/StructureDefinition/agreement-reason',
  extension: [
    { url: 'code', valueCode: code },
    { url: 'text', valueString: text },
    ...(effective === undefined ? [] : [{ url: 'effective', valueDateTime: effective }]),
  ],
});

/** The agreement with a reason in place of the one that it has. */
export const because = (contract: Resource, code: string, text: string, effective?: string): Resource => ({
  ...contract,
  extension: [
    ...((contract['extension'] as { readonly url: string }[] | undefined) ?? []).filter(
      ({ url }) => !url.endsWith('/agreement-reason'),
    ),
    reason(code, text, effective),
  ],
});

export const said = ({ status, code, issues }: WorldReply): string =>
  code === undefined ? String(status) : `${status} ${code} ${issues[0]?.diagnostics ?? ''}`;
