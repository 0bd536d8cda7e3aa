/** The reference page of the HL7 v2 rail, from the tables that it runs on: `docs/reference/hl7v2.md`. */
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
import { isTaken } from './taken.ts';
import { FINDING_COLUMNS, findingRows } from './messages/findings.ts';

/** The whole page in Markdown. */
export const hl7v2Markdown = (): string =>
  [
    '# HL7 v2 messages',
    'Generated from `src/hl7v2` by `npm run docs`. Messages are those of IHE 360X, in HL7 v2.5.1. Every inbound message is kept as it came, whatever could be read of it.',
    '## Which event is which message',
    'Read as well: ORM^O01 as OMG^O19, and either with ORC-1 CA as a cancellation request; REF^I12 as a request; S14 as S13, S16 and S17 as S15; ADT^A08, A31 and A40 for patients that are known. A note travels as MDM^T02 right before its OSU^O51.',
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
    '## Crosswalk',
    '`in`: read, not sent. `[0]` is one item, `[1+]` those from the second on.',
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
    '## What a message says without saying it',
    elements(IMPLIED),
    '## What comes back otherwise',
    table(
      ['What', 'Comes back as'],
      ALTERED.map(({ what, becomes }) => [what, becomes]),
    ),
    '## What a message cannot carry',
    'Beside these: narratives, languages, contained resources and extensions other than US Core race and ethnicity.',
    elements(ELEMENTS_LOST),
    '## Fields that no element holds',
    table(
      ['Fields', 'Messages', 'Why', 'Told'],
      FIELDS_LOST.map((row) => [row.fields, row.messages, row.why, toldOf(row)]),
    ),
    'Told: those are named to the sender when they are filled (ERR with severity W and ERR-5 `content-not-taken`), and in the description of the DocumentReference that keeps the message. So is everything that is in no table here: other segments, further fields and components, notes of other segments than OBR, further segments and repetitions of what is read once, and what a second place says otherwise than the first. The rest is numbering, or stands elsewhere in the message.',
    '## What a message may lack',
    'E: nothing of the message is applied. W: applied, and said to the sender. I: noted. A dash: not asked of this message. Of a message that does not name the profile 360X (MSH-21) plain v2.5.1 is asked: an OMG is judged as an ORM, and OSU and SIU may lack the authority of the referral id.',
    table(['Finding', 'Where', 'ERR-3', ...FINDING_COLUMNS, 'What is said'], findingRows()),
  ].join('\n\n') + '\n';

/** Which places of a row are told. */
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
