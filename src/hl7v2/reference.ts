/** Makes the reference page of the HL7 v2 rail, `docs/reference/hl7v2.md`, from the tables that the rail runs on. */
import { TRANSACTIONS } from '../referral/transactions.ts';
import { CROSSWALK } from './crosswalk.ts';
import {
  ALTERED,
  ELEMENTS_LOST,
  FIELDS_LOST,
  IMPLIED,
  placesOf,
  type ElementLost,
  type FieldsLost,
} from './losses.ts';
import { isTaken } from './fields-taken.ts';
import { findingRows } from './messages/findings.ts';
import type { MessageDefinition } from './messages/message-definition.ts';
import { FINDING_COLUMNS } from './messages/message-family.ts';
import { MESSAGES } from './messages/registry.ts';

/** The whole page in Markdown. */
export const hl7v2Markdown = (): string =>
  [
    '# HL7 v2 messages',
    'Generated from `src/hl7v2` by `npm run docs`. The messages are those of IHE 360X, in HL7 v2.5.1. The server keeps every inbound message as it came, even one that it cannot read.',
    '## Which event is which message',
    table(
      ['Event', 'Message', 'ORC-1', 'ORC-5', 'Note', 'ORC-16'],
      TRANSACTIONS.map(({ event, message, orderControl, orderStatus, document, reason }) => [
        event,
        message,
        orderControl,
        orderStatus,
        document,
        reason,
      ]),
    ),
    '## Which messages the server reads',
    table(['Message', 'MSH-9.3', 'Read as', 'With ORC-1 CA'], MESSAGES.map(readAs)),
    '## Crosswalk',
    '`in` marks what the server reads and does not send. `[0]` is the first item, `[1+]` are the others.',
    table(
      ['FHIR', 'HL7 v2', 'Messages', 'Way', 'How'],
      CROSSWALK.map(({ fhir, v2, messages, way, how = '' }) => [
        code(fhir),
        v2.join(', '),
        messages,
        way,
        how,
      ]),
    ),
    '## Values that a message implies',
    elements(IMPLIED),
    '## Values that change on the way',
    table(
      ['Value', 'The other side reads'],
      ALTERED.map(({ what, becomes }) => [what, becomes]),
    ),
    '## Elements that no message carries',
    'Besides these, no message carries narratives, languages, contained resources, or extensions other than US Core race and ethnicity.',
    elements(ELEMENTS_LOST),
    '## Fields that the server does not take',
    table(
      ['Fields', 'Messages', 'Why', 'Told'],
      FIELDS_LOST.map((row) => [row.fields, row.messages, row.why, toldOf(row)]),
    ),
    'When a field under *Told* is filled, the server names it to the sender (ERR with severity W and ERR-5 `content-not-taken`) and in the description of the DocumentReference that keeps the message. It does the same for everything that is in no table of this page: other segments, further fields and components, notes of segments other than OBR, repetitions of what it reads once, and a second place that contradicts the first. The other fields are numbering, or stand elsewhere in the message.',
    '## What a message may lack',
    'E: the server applies nothing of the message. W: the server applies the message and warns the sender. I: the server notes it. A dash: the server does not check this message for it. The server checks a message that does not name the profile 360X (MSH-21) by plain v2.5.1 only: an OMG like an ORM, and an OSU or SIU may lack the authority of the referral id.',
    table(['Finding', 'Where', 'ERR-3', ...FINDING_COLUMNS, 'The sender reads'], findingRows()),
  ].join('\n\n') + '\n';

/** A message as a row: what the server reads it as. */
function readAs(definition: MessageDefinition): readonly string[] {
  const { name, structures } = definition;
  if ('read' in definition) return [name, structures.join(', '), definition.tells, '–'];
  const [meant, withdrawn] = [definition.means('').message, definition.means('CA').message];
  return [name, structures.join(', '), meant, withdrawn];
}

function toldOf(row: FieldsLost): string {
  const families =
    row.messages === 'all' ? ['OMG', 'OSU', 'SIU', 'MDM', 'REF', 'ADT'] : row.messages.split(' ');
  const places = placesOf(row);
  const told = places.filter((place) => !families.every((family) => isTaken(family, place)));
  if (told.length === places.length) return 'yes';
  return told.length === 0 ? '–' : told.join(' ');
}

const elements = (rows: readonly ElementLost[]): string =>
  table(
    ['Elements', 'Why'],
    rows.map(({ paths, why }) => [paths.map(code).join('<br>'), why]),
  );

const code = (text: string): string => `\`${text}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
