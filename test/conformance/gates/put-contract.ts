/** A Contract as it stands in the store, whatever led there; and what an organization is, by an administrator's word. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Store } from '../../../src/ports/store.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { buildWrite } from '../../contract/delivery-world.ts';
import { administrator, type World } from '../../world.ts';

/** @param spec with the principal, who keeps it */
export async function putContract(
  store: Store,
  id: string,
  { principal, ...spec }: AgreementSpec & { readonly principal: Ref },
): Promise<void> {
  const ref: Ref = `Contract/${id}`;
  const current = await store.snapshot().read(ref, { everything: true });
  const base = current?.text === undefined ? 0 : current.seq;
  const write = {
    ...buildWrite(ref, base, JSON.stringify(agreement({ id, principal, ...spec }))),
    custodian: principal,
  };
  await store.commit({
    writes: [write],
    preconditions: [],
    expects: [],
    audit: [
      {
        event: 'update',
        action: 'U',
        outcome: '0',
        agent: { organization: principal, client: 'test', subject: 'test' },
        requestId: 'test',
        entities: [],
        patients: [],
        viewers: [],
      },
    ],
    outbox: [],
    deliveryOutcomes: [],
  });
}

/** Nothing: it has no kind. */
export async function setKinds(
  world: Pick<World, 'ask'>,
  organization: Ref,
  ...kinds: readonly string[]
): Promise<void> {
  const { json } = await world.ask(administrator, 'GET', organization);
  const { type: _type, ...stored } = json ?? ({ resourceType: 'Organization' } satisfies Resource);
  const type = kinds.map((code) => ({ coding: [{ system: PARTY_KIND_SYSTEM, code }] }));
  const put = { ...stored, ...(kinds.length > 0 && { type }) };
  const { status } = await world.ask(administrator, 'PUT', organization, put);
  if (status !== 200) throw new Error(`${organization}: ${status}`);
}
