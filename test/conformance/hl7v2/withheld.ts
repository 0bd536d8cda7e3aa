/**
 * The opening of tests about what is withheld (rules 1.15): an order that Larkspur's person writes over FHIR, with or
 * without what its message needs; the messages of the pair so far, and the work items about those that were not sent.
 */
import { to } from '../../resources.ts';
import { administrator, refOf, type Stored, type WorldReply } from '../../world.ts';
import { larkspur } from './exchange.ts';
import type { Pair } from './pair.ts';

/** A contact who stands for the ordering provider. */
export const OKAFOR = [{ name: { family: 'Okafor', given: ['Ngozi'] } }];
export const NAME = [{ family: 'Demo' }];

/** Why the work item of a message ended that was sent after all. */
export const SENT = 'completed: what was missing came, and it was sent';

/** Gives Larkspur's entry in the directory these contacts, as an administrator does. */
export async function contactsOf(
  { larkspur: side }: Pair,
  contact: readonly object[] | undefined,
): Promise<WorldReply> {
  const own = (await side.ask(administrator, 'GET', 'Organization/larkspur')).json;
  return side.ask(administrator, 'PUT', 'Organization/larkspur', { ...own, contact });
}

export interface Ordered {
  readonly patient: Stored;
  readonly order: Stored;
}

/** The order of the README, for a patient with this name; `more` replaces elements of the order. */
export async function placeOrder(
  { larkspur: side }: Pair,
  { name = NAME, more = {} }: { readonly name?: readonly object[]; readonly more?: object } = {},
): Promise<Ordered> {
  const patient = await side.create(larkspur, {
    resourceType: 'Patient',
    ...(name.length > 0 && { name }),
  });
  const order = await side.create(larkspur, {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'Diabetes prevention programme' },
    subject: to(refOf(patient)),
    requester: to('Organization/larkspur'),
    performer: [to('Organization/tidewater')],
    ...more,
  });
  return { patient, order };
}

/** Each message that was sent, and what became of it: `OMG^O19 applied`. */
export const kindsOf = ({ sent }: Pair): readonly string[] =>
  sent.map(({ text, answer }) => `${(text.split('|')[8] ?? '').split('^', 2).join('^')} ${answer.fate}`);

/** The open work items about what was not sent, and why each of the others ended. */
export async function itemsOf(pair: Pair, side: 'larkspur' | 'tidewater'): Promise<readonly unknown[]> {
  const code = 'https://closeloop.dev/fhir/CodeSystem/work-item|message-incomplete';
  const tasks = await pair[side].all('Task', `code=${code}&_sort=authored-on`);
  return tasks.map(({ status, statusReason }) =>
    status === 'requested' ? 'open' : `${String(status)}: ${(statusReason as { text?: string })?.text ?? ''}`,
  );
}
