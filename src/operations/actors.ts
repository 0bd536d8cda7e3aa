/** Who is said to have done something: nobody writes in the name of another organization (rules 2.11). */
import { isDeepStrictEqual } from 'node:util';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import { typeOf, valuesAt } from '../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { partyOf } from './surroundings.ts';

/** Elements that name an actor, by type. Those of orders and Tasks are looked at where their parties are resolved. */
const ACTORS: Readonly<Record<string, readonly string[]>> = {
  Bundle: ['signature.who', 'signature.onBehalfOf'],
  Communication: ['sender'],
  Consent: ['performer', 'organization'],
  MessageHeader: ['sender', 'author', 'enterer', 'responsible'],
  Provenance: ['agent.who', 'agent.onBehalfOf', 'signature.who', 'signature.onBehalfOf'],
};

/** @throws OperationOutcomeError `sender-mismatch`, naming the element */
export async function checkActors(draft: Draft): Promise<void> {
  if (draft.caller.administrator) return;
  for (const planned of draft.planned.values()) {
    if (planned.byRule || planned.after === undefined) continue;
    for (const element of ACTORS[typeOf(planned.ref)] ?? []) await checkActor(draft, planned, element);
  }
}

/** What stood there before was said by whoever wrote it. */
async function checkActor(draft: Draft, planned: Planned, element: string): Promise<void> {
  const { before, after } = planned;
  const old = valuesAt(before, element);
  for (const value of valuesAt(after?.plain, element)) {
    if (old.some((one) => isDeepStrictEqual(one, value))) continue;
    for (const said of saidBy(after?.plain, value)) {
      const party = await partyOf(draft, said);
      if (party === undefined || party === draft.caller.organization) continue;
      const place = `${typeOf(planned.ref)}.${element}`;
      throw new OperationOutcomeError('sender-mismatch', {
        diagnostics: `${place} stands for another organization than yours`,
        expression: placesIn(planned, [place]),
      });
    }
  }
}

/** A Reference by its literal and by its identifier; of what is contained, whatever that says of an organization. */
function saidBy(resource: Resource | undefined, reference: unknown): readonly unknown[] {
  const identified = valuesAt(reference, 'identifier').map((identifier) => ({ identifier }));
  const [literal] = valuesAt(reference, 'reference');
  if (typeof literal !== 'string' || !literal.startsWith('#')) return [reference, ...identified];
  const contained = valuesAt(resource, 'contained').find((one) =>
    valuesAt(one, 'id').includes(literal.slice(1)),
  );
  const own = valuesAt(contained, 'resourceType').includes('Organization')
    ? valuesAt(contained, 'identifier').map((identifier) => ({ identifier }))
    : [];
  return [...identified, ...own, ...valuesAt(contained, 'organization')];
}
