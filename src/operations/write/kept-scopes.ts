/** Keeps beside a Subscription who wrote it, and what narrowed scopes leave of what it tells, as that token has it (smart SM-38). */
import { KEPT_SCOPES, writeKeptScopes } from '../../delivery/kept-scopes.ts';
import { keepWriter } from '../../delivery/writer.ts';
import { typeOf } from '../../resources/element.ts';
import { granting } from '../../smart/permits.ts';
import { narrowingFor } from '../narrowing.ts';
import { declarationOf, type Draft, type Planned } from './draft.ts';

/** The last who wrote a Subscription decides; what the server changes of one leaves its scopes as they are. */
export async function keepScopes(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values())
    if (typeOf(planned.ref) === 'Subscription' && planned.origin !== 'server')
      await keepScopesOf(draft, planned);
}

async function keepScopesOf({ caller, snapshot, records }: Draft, { ref, after }: Planned): Promise<void> {
  const writer = await keepWriter(snapshot, ref, after && caller);
  if (writer !== undefined) records.push(writer);
  const type = after === undefined ? undefined : declarationOf(ref).discloses?.(after.plain);
  const where = type === undefined ? undefined : narrowingFor(caller, type, 's');
  if (type !== undefined && where !== undefined) {
    const scopes = granting(caller.scopes, 's', type).map(({ text }) => text);
    records.push(writeKeptScopes(ref, { type, where, scopes, client: caller.client }));
    return;
  }
  const known = await snapshot.record(KEPT_SCOPES, ref);
  if (known !== undefined)
    records.push({ kind: KEPT_SCOPES, key: ref, expect: known.version, body: undefined });
}
