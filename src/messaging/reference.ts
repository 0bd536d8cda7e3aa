/** The statuses of threads and messages as a page of the reference, `docs/reference/messages.md`. */
import { MESSAGE_LIMITS } from './limits.ts';
import { STATUS_MOVES, STATUSES } from './statuses.ts';

interface Page {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, parts: readonly string[]) => string;
}

export const messagesMarkdown = ({ table, page }: Page): string =>
  page('Messages', 'src/messaging', [
    'A thread is a Communication with recipients and without a payload, its header; a message has a payload and is part of a header, or is a thread of its own. How clients use them: [messages](../interactions/messages.md).',
    '## Statuses',
    table(
      ['Status', 'Of a header', 'Of a message'],
      Object.entries(STATUSES).map(([status, { header, message }]) => [`\`${status}\``, header, message]),
    ),
    '## Moves',
    'A move without a row is refused. *Sender* is the organization that sent the message or opened the thread.',
    table(
      ['Of', 'Event', 'Who', 'From', 'To', 'Means'],
      STATUS_MOVES.map(({ of, event, by, from, to, says }) => [of, event, by, from ?? '–', to, says]),
    ),
    '## Limits',
    'More than that is 413 `message-too-large`.',
    table(
      ['What', 'At most'],
      MESSAGE_LIMITS.map(({ what, most }) => [what, String(most)]),
    ),
  ]);
