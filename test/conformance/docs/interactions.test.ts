/** The pages of `docs/interactions` are sessions with a server: each example is sent as it stands, in its order. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BASE } from '../../world.ts';
import { openRest, type Answer, type Rest } from '../rest/client.ts';
import { bind, differences, fill, readExamples, type Bound, type Example } from './example.ts';

const FOLDER = resolve(import.meta.dirname, '../../../docs/interactions');
const PAGES = readdirSync(FOLDER).filter((name) => name.endsWith('.md') && name !== 'README.md');

test('there are pages', () => expect(PAGES.length).toBeGreaterThan(6));

describe.each(PAGES)('%s', (page) => {
  let rest: Rest;
  const bound: Bound = new Map([['base', BASE]]);
  beforeAll(async () => {
    rest = await openRest();
    const claims = { scope: 'system/*.cruds', organization: 'Organization/recipient' } as const;
    bound.set('initiator', await rest.sign({}));
    bound.set('recipient', await rest.sign({ ...claims, subject: 'subject-recipient' }));
  });
  afterAll(() => rest.close());

  const examples = readExamples(readFileSync(join(FOLDER, page), 'utf8'));
  test('has examples', () => expect(examples.length).toBeGreaterThan(0));

  test.each(examples.map((example) => [example.title, example] as const))('%s', async (_title, example) => {
    const answer = await send(rest, example, bound);
    expect(faults(example, answer, bound)).toEqual([]);
  });
});

async function send(rest: Rest, { method, path, headers, body }: Example, bound: Bound): Promise<Answer> {
  const filled = headers.map(([name, value]) => [name, fill(value, bound)] as const);
  const sent = body === '' ? {} : { body: isWritten(body) ? fill(body, bound) : body };
  return rest.send(`${method} ${fill(path, bound)}`, {
    as: 'nobody',
    headers: Object.fromEntries(filled),
    ...sent,
  });
}

/** Names are for JSON, XML and forms; nothing else has any. */
const isWritten = (body: string): boolean => /[{<=]/.test(body);

function faults({ answer: shown }: Example, answer: Answer, bound: Bound): readonly string[] {
  const status = shown.status === answer.status ? [] : [`status ${answer.status}: ${answer.text}`];
  const headers = shown.headers.flatMap(([name, value]) => {
    const fault = bind(value, answer.headers.get(name) ?? '', bound);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
  return [...status, ...headers, ...faultsOfBody(shown.body, answer.text, bound)];
}

function faultsOfBody(shown: string, sent: string, bound: Bound): readonly string[] {
  if (shown === '') return [];
  if (shown.startsWith('{'))
    return differences(JSON.parse(shown), JSON.parse(sent === '' ? '{}' : sent), bound);
  const fault = bind(
    `…${shown
      .split('\n')
      .map((line) => line.trim())
      .join('…')}…`,
    sent,
    bound,
  );
  return fault === undefined ? [] : [fault];
}
