/**
 * Special search values by which the server finds messages and open threads of a pair of organizations, and what holds a
 * file. Clients cannot ask for them.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { parseReference } from '../fhir/reference.ts';
import { participantsIn } from '../messaging/extensions.ts';
import { toldUnder } from '../messaging/masked.ts';
import { messageShape } from '../messaging/shape.ts';
import type { SearchValue } from '../ports/query.ts';
import { valuesAt } from './element.ts';

/** Files that a message or a Contract holds: `Binary/id`, or an absolute address as written. */
export const FILE_PARAM = ':file';

/** The principals under whose agreements a message was told to or by an associate. */
export const principalParam = (associate: Ref): string => `:principal|${associate}`;

/** The organizations that take part in a thread which is open: each a value of its header. */
export const OPEN_THREAD_PARAM = ':open-thread';

const FILES: Readonly<Record<string, readonly string[]>> = {
  Communication: ['payload.contentAttachment.url'],
  Contract: [
    'legal.contentAttachment.url',
    'friendly.contentAttachment.url',
    'rule.contentAttachment.url',
    'legallyBindingAttachment.url',
  ],
};

/** Types that hold files by themselves. */
export const FILE_HOLDERS: readonly string[] = Object.keys(FILES);

export function messageValuesOf(resource: Resource): readonly SearchValue[] {
  const paths = FILES[resource.resourceType];
  if (paths === undefined) return [];
  const files = new Set(paths.flatMap((path) => valuesAt(resource, path)).map(String));
  const values = [...files].map((low) => ({ param: FILE_PARAM, low: bare(low), high: '' }));
  if (resource.resourceType !== 'Communication') return values;
  const told = toldUnder(resource).map(({ principal, associate }) => ({
    param: principalParam(associate),
    low: principal,
    high: '',
  }));
  const open = participantsOfOpen(resource).map((low) => ({ param: OPEN_THREAD_PARAM, low, high: '' }));
  return [...values, ...told, ...open];
}

const participantsOfOpen = (resource: Resource): readonly Ref[] =>
  resource['status'] === 'in-progress' && messageShape(resource) === 'header' ? participantsIn(resource) : [];

/** A version of a file is the file. */
function bare(url: string): string {
  const parsed = parseReference(url);
  if (parsed?.kind === 'local') return parsed.ref;
  return parsed?.kind === 'absolute' ? parsed.url : url;
}
