/**
 * Who of an organization reads a thread or a message (baa-messaging MS4): its workforce, or the people who are named and nobody
 * else. The server notes the people as tags, by which sight is narrowed (`messageReaders` in operations/named-messages.ts).
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { AUDIENCE, audienceIn, withExtension } from '../../messaging/extensions.ts';
import { NAMED, NAMED_READER, MESSAGE_AUDIENCE } from '../../messaging/audience.ts';
import { isPatientOrRelated } from '../../messaging/kinds.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { replan, type Draft } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { namedIn, callersPerson } from './senders.ts';
import { headerOf } from './threads.ts';

/** Persons who are read as themselves; whoever else is named stands for a workforce. */
const PEOPLE: ReadonlySet<string> = new Set(['Practitioner', 'PractitionerRole', 'Patient', 'RelatedPerson']);

/** Writes the audience of a header or a message, and its readers where it is for named people alone. */
export async function withAudience(draft: Draft, ref: Ref): Promise<void> {
  const resource = draft.planned.get(ref)?.after?.plain;
  if (resource === undefined) return;
  const header = await headerOf(draft, resource);
  const audience = (header && audienceIn(header)) ?? audienceIn(resource) ?? usualAudience(resource);
  const tags = audience === 'named' ? await tagsOf(draft, ref, resource) : [];
  replan(draft, ref, (tree) => {
    const others = (tree.meta?.tag ?? []).filter(({ system }) => !OWN.has(system));
    const tag = [...others, ...tags];
    const { tag: _tag, ...meta } = tree.meta ?? {};
    const tagged = { ...tree, meta: { ...meta, ...(tag.length > 0 && { tag }) } };
    return audienceIn(tree) === audience
      ? tagged
      : withExtension(withoutAudience(tagged), { url: AUDIENCE, valueCode: audience });
  });
}

const OWN: ReadonlySet<unknown> = new Set([MESSAGE_AUDIENCE, NAMED_READER]);

function withoutAudience(resource: Resource): Resource {
  const extension = valuesAt(resource, 'extension').filter(
    (one) => (one as { url?: unknown }).url !== AUDIENCE,
  );
  return { ...resource, extension };
}

/**
 * A message among people who work somewhere is theirs; one to an organization, a service or a team is for its workforce, and
 * so is what is written to a patient, whom more than one person cares for.
 */
function usualAudience(resource: Resource): 'organization' | 'named' {
  const recipients = valuesAt(resource, 'recipient').map(localRef);
  if ([...recipients, localRef(resource['sender'])].some(isPatientOrRelated)) return 'organization';
  const areNamed = recipients.length > 0 && recipients.every((ref) => PEOPLE.has(typeOf(ref ?? '')));
  return areNamed ? 'named' : 'organization';
}

/** Whoever is named, and who wrote it: of the version before those stay who were in it for another reason than their name. */
async function tagsOf(draft: Draft, ref: Ref, resource: Resource): Promise<readonly Coding[]> {
  const before = draft.planned.get(ref)?.before;
  const stood = new Set(
    (before?.meta?.tag ?? []).filter(({ system }) => system === NAMED_READER).map(({ code }) => code),
  );
  const author = stood.size === 0 ? callersPerson(draft) : undefined;
  for (const one of before === undefined ? [] : await readersOf(draft, before)) stood.delete(one);
  const readers = new Set([
    ...stood,
    ...(author === undefined ? [] : [author]),
    ...(await readersOf(draft, resource)),
  ]);
  return [
    { system: MESSAGE_AUDIENCE, code: NAMED },
    ...[...readers].flatMap((code) => (code === undefined ? [] : [{ system: NAMED_READER, code }])),
  ];
}

async function readersOf(draft: Draft, resource: Resource): Promise<readonly Ref[]> {
  const readers = await Promise.all(namedIn(resource).map((one) => peopleBehind(draft, localRef(one))));
  return readers.flat();
}

/** A role stands for its person as well, and a team for its members: so somebody names who stands in for them. */
async function peopleBehind(draft: Draft, ref: Ref | undefined): Promise<readonly Ref[]> {
  if (ref === undefined) return [];
  const type = typeOf(ref);
  if (type !== 'PractitionerRole' && type !== 'CareTeam') return PEOPLE.has(type) ? [ref] : [];
  const resource = await readPreview(draft, ref);
  const path = type === 'CareTeam' ? 'participant.member' : 'practitioner';
  const people = valuesAt(resource, path).flatMap((one) => localRef(one) ?? []);
  return [ref, ...people];
}
