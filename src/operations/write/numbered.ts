/**
 * A referral addressed by a number that nobody here holds (directory DR28): its sender gets a private Organization with
 * that number, and the server holds the referral like one to a private record, until the number is verified for
 * somebody.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import { valuesAt } from '../../resources/element.ts';
import { identityOf, type Identity } from '../../resources/parties/identity-systems.ts';
import { keyOf } from '../../resources/parties/register.ts';
import { standingOf, withStanding } from '../../resources/parties/standing.ts';
import { type Draft } from './draft.ts';
import { isGuarded } from './party-guard.ts';
import { planOwn } from './planned-resources.ts';
import { partyWorldIn } from './rule-context.ts';
import { readPreview } from './preview.ts';

/** Records of who was made for which number, by its sender. */
const KIND = 'private-number';

/** The number by which a Reference names an organization, where it names it by nothing else. */
export function identityIn(draft: Draft, reference: unknown): Identity | undefined {
  const [literal, type = 'Organization'] = ['reference', 'type'].map((at) => valuesAt(reference, at)[0]);
  const [identifier] = valuesAt(reference, 'identifier') as readonly Identifier[];
  const identity = identifier && identityOf(identifier);
  if (literal !== undefined || type !== 'Organization' || identity === undefined) return undefined;
  return isGuarded(draft, identity) ? identity : undefined;
}

/**
 * The caller's private Organization of a number, made where there is none.
 *
 * @throws OperationOutcomeError `party-inactive` for a number that is no longer in use
 */
export async function privateByNumber(draft: Draft, reference: unknown, identity: Identity): Promise<Ref> {
  for (const kind of ['register', 'practitioner-register'] as const) {
    const row = await partyWorldIn(draft).row(kind, identity);
    if (row?.state === 'expired')
      throw new OperationOutcomeError('party-inactive', { diagnostics: 'This number is no longer in use.' });
  }
  const key = `${draft.caller.organization ?? ''}\n${keyOf(identity)}`;
  const known = await findKnown(draft, key);
  if (known.organization !== undefined) return known.organization;
  const [display] = valuesAt(reference, 'display');
  const organization: Resource = {
    resourceType: 'Organization',
    identifier: [identity],
    name: typeof display === 'string' ? display : identity.value,
  };
  const ref = planOwn(
    draft,
    draft.context.newId(),
    withStanding(organization, 'private'),
    draft.caller.organization ?? '',
  );
  draft.records.push({ kind: KIND, key, expect: known.version ?? 'absent', body: { organization: ref } });
  return ref;
}

interface Known {
  readonly organization?: Ref;
  readonly version?: number;
}

/** What was made for the number before, if it is still a private record. */
async function findKnown(draft: Draft, key: string): Promise<Known> {
  const planned = draft.records.find((one) => one.kind === KIND && one.key === key);
  if (planned !== undefined) return planned.body as Known; // this file writes it
  const record = await draft.snapshot.record(KIND, key);
  if (record === undefined) return {};
  const { version } = record;
  const { organization } = record.body as Known; // this file writes it
  const resource = organization === undefined ? undefined : await readPreview(draft, organization);
  const stands = resource !== undefined && standingOf(resource) === 'private';
  if (stands && organization !== undefined) return { organization, version };
  // A record is read as it is now, the organization as of the snapshot: one that was written since is not gone. The commit
  // then expects no record, is refused, and is planned again on a newer snapshot.
  return version > draft.snapshot.seq ? {} : { version };
}
