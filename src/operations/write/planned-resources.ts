/** What the server itself writes beside a message: kept bytes, documents, provenance, work items. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { charactersOf } from '../../fhir/characters.ts';
import { parseJson } from '../../fhir/json.ts';
import { mapBody, type Body } from '../../fhir/body.ts';
import { plan, type Draft } from './draft.ts';
import { readCurrent } from './preview.ts';
import { addDerivedWrite } from './rule.ts';

/** Plans a resource that the server makes, kept by an organization; it meets no rule. `data`: as a body has it apart. */
export function planOwn(
  draft: Draft,
  id: string,
  resource: Resource,
  custodian: Ref | '',
  data?: Body['data'],
): Ref {
  const tree: Resource = { ...resource, id };
  const ref: Ref = `${resource.resourceType}/${id}`;
  plan(draft, {
    ref,
    method: 'POST',
    base: 0,
    before: undefined,
    after: { plain: tree, storing: tree, ...(data !== undefined && { data }) },
    custodian,
    origin: 'server',
    parties: [],
  });
  return ref;
}

/** Changes a stored resource as the server, whoever keeps it; what is planned for it already stays. */
export const changeOwn = (draft: Draft, ref: Ref, transform: (tree: Resource) => Resource): Promise<void> =>
  addDerivedWrite(draft, { ref, transform });

/** Plans a resource in the sender's name: it meets every check and rule that a client's would. */
export function planSent(draft: Draft, resource: Resource): Ref {
  const id = draft.context.newId();
  const ref = planOwn(draft, id, resource, '');
  const planned = draft.planned.get(ref);
  if (planned?.after !== undefined)
    plan(draft, { ...planned, after: { ...planned.after, size: charactersOf(resource) }, origin: 'client' });
  return ref;
}

/** Changes a resource in the sender's name; false when there is nothing to change. */
export async function changeSent(
  draft: Draft,
  ref: Ref,
  change: (tree: Resource) => Resource,
): Promise<boolean> {
  const current = await readCurrent(draft, ref);
  if (current?.version.text === undefined) throw new Error(`${ref} was there a moment ago`);
  const { version, resource } = current;
  const body = parseJson(version.text ?? '');
  const after = mapBody(body, change);
  if (after.plain === body.plain) return false;
  plan(draft, {
    ref,
    method: 'PUT',
    base: version.seq,
    before: resource,
    after,
    custodian: version.custodian,
    origin: 'client',
    parties: [],
  });
  return true;
}
