/** Has the content of a message decided before anybody is told (baa-messaging MS20, MS21): the category stands in what is stored. */
import type { Ref, Resource } from '../../fhir/types.ts';
import {
  decideContent,
  keepDecision,
  MESSAGE_CONTENT,
  withDecision,
  type ContentContext,
  declaredContent,
} from '../../messaging/content.ts';
import { withMessageKind } from '../../messaging/kinds.ts';
import { rowsOf } from '../../policies/labels/code-ranges.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { isTemplateMessage } from '../outreach/template-message.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { findMessageKind, hasPatientOrRelated } from './message-kind.ts';
import { readNegotiation } from './negotiation.ts';
import { findPeopleNamed } from './people-named.ts';
import { namedIn, organizationsNamed } from './senders.ts';
import { headerOf } from './threads.ts';

/** Writes the category of a header or a message that is sent, and says so where it is more than the sender declared. */
export async function decideMessage(draft: Draft, planned: Planned): Promise<void> {
  const resource = draft.planned.get(planned.ref)?.after?.plain;
  if (resource === undefined) return;
  const thread = await headerOf(draft, resource);
  const judged = decideContent(resource, {
    among: await amongWhom(draft, resource),
    thread,
    people: [
      ...(await peopleOf(draft, [resource, thread])),
      ...(await findPeopleNamed(draft, draft.caller.organization, resource)),
    ],
    repliedTo: await answeredBy(draft, resource),
    ...(await readNegotiation(draft, resource, thread)),
    isTemplate: await isTemplateMessage(draft, resource),
    isCode: (system, code) => rowsOf(system, code).length > 0,
  });
  const decision = keepDecision(judged, planned.before);
  const kind = await findMessageKind(draft, resource, thread);
  replan(draft, planned.ref, (tree) => withDecision(withMessageKind(tree, kind), decision));
  if (decision.declared === undefined || decision.declared === decision.decided) return;
  draft.notes.push(raised(planned, decision.decided, decision.by));
}

/** What goes with a referral is health information, whatever its sender says: a category of ours that says less is raised. */
export function decidePlain(draft: Draft, planned: Planned): void {
  const resource = draft.planned.get(planned.ref)?.after?.plain;
  const declared = resource === undefined ? undefined : declaredContent(resource);
  if (declared === undefined || declared === 'phi') return;
  replan(draft, planned.ref, (tree) => withDecision(tree, { declared, decided: 'phi', by: 'about-patient' }));
  draft.notes.push(raised(planned, 'phi', 'about-patient'));
}

const raised = (planned: Planned, decided: string, by: string): Draft['notes'][number] => ({
  code: 'content-raised',
  severity: 'information',
  diagnostics: `The content is ${decided}, by the rule ${by}.`,
  expression: placesIn(planned, ['Communication.category']),
});

async function amongWhom(draft: Draft, resource: Resource): Promise<ContentContext['among']> {
  const named = namedIn(resource);
  if (hasPatientOrRelated(named)) return 'patient';
  return (await organizationsNamed(draft, named)).size > 1 ? 'organizations' : 'colleagues';
}

/** The patients whom a message could be about: its own and its thread's, and those of the orders that they name. */
async function peopleOf(
  draft: Draft,
  resources: readonly (Resource | undefined)[],
): Promise<readonly Resource[]> {
  const refs = new Set<Ref>();
  for (const named of resources.flatMap((one) => ABOUT.flatMap((path) => valuesAt(one, path)))) {
    const ref = localRef(named);
    if (ref === undefined) continue;
    if (typeOf(ref) === 'Patient') refs.add(ref);
    else if (OF_PATIENT.has(typeOf(ref))) {
      const order = await readPreview(draft, ref);
      for (const path of ['subject', 'for'])
        for (const one of valuesAt(order, path)) {
          const patient = localRef(one);
          if (patient !== undefined) refs.add(patient);
        }
    }
  }
  const people = await Promise.all([...refs].map((ref) => readPreview(draft, ref)));
  return people.filter((one): one is Resource => one?.resourceType === 'Patient');
}

const ABOUT = ['subject', 'about', 'basedOn'];
const OF_PATIENT: ReadonlySet<string> = new Set(['ServiceRequest', 'Task']);

/** The messages that it answers, as far as they hold health information. */
async function answeredBy(draft: Draft, resource: Resource): Promise<readonly Resource[]> {
  const answered: Resource[] = [];
  for (const one of valuesAt(resource, 'inResponseTo')) {
    const ref = localRef(one);
    const other = ref === undefined ? undefined : await readPreview(draft, ref);
    if (other !== undefined && isProtected(other)) answered.push(other);
  }
  return answered;
}

const isProtected = (message: Resource): boolean =>
  valuesAt(message, 'category.coding').some(
    (one) => valuesAt(one, 'system')[0] === MESSAGE_CONTENT && valuesAt(one, 'code')[0] === 'phi',
  );
