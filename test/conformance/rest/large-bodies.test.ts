/** A large body is worked on off the main thread: who asks for little meanwhile is answered before it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
let small = '';
beforeAll(async () => {
  rest = await openRest();
  const { id } = await rest.create(make.patient());
  small = `GET Patient/${id}`;
});
afterAll(() => rest.close());

const many = (member: string, count: number): string => `${`${member},`.repeat(count - 1)}${member}`;
const basic = (extensions: string): string =>
  `{"resourceType":"Basic","code":{"text":"x"},"extension":[${extensions}]}`;
const FAULTY = `{"resourceType":"Patient","name":[${many('1', 2_000_000)}]}`;

test.each([
  ['legal', 201, basic(many('{"url":"http://example.org/x","valueString":"some words here"}', 50_000))],
  [
    'of numbers whose literals are kept',
    201,
    basic(many('{"url":"http://example.org/x","valueDecimal":1.50}', 40_000)),
  ],
  [
    'full of faults',
    422,
    FAULTY.replace('"Patient"', '"Basic","code":{"text":"x"}').replace('"name"', '"extension"'),
  ],
  ['that is no JSON', 400, basic('{"url":"a"},'.repeat(200_000))],
  [
    'in XML',
    201,
    `<Basic xmlns="http://hl7.org/fhir">${'<extension url="http://example.org/x"><valueString value="y"/></extension>'.repeat(20_000)}<code><text value="x"/></code></Basic>`,
  ],
] as const)('%s', async (_says, status, body) => {
  const answered: string[] = [];
  const headers = body.startsWith('<') ? { 'Content-Type': 'application/fhir+xml' } : {};
  const large = rest.send('POST Basic', { body, headers }).then((answer) => {
    answered.push('large');
    return answer;
  });
  const little = rest.must(small).then(() => answered.push('small'));
  const [answer] = await Promise.all([large, little]);
  expect([answer.status, ...answered]).toEqual([status, 'small', 'large']);
});

test('what is told of many faults ends, and says that there are more', async () => {
  const { status, issues } = await rest.send('POST Patient', { body: FAULTY });
  expect([status, issues.length, issues.at(-1)?.diagnostics]).toEqual([422, 51, 'at least 51 more issues']);
});

test('literals of a large body come back as they were sent', async () => {
  const text = basic(many('{"url":"http://example.org/x","valueDecimal":1.50}', 6000));
  const { json } = await rest.must('POST Basic', { body: text });
  const back = await rest.must(`GET Basic/${json.id}`);
  expect(back.text.split('"valueDecimal":1.50')).toHaveLength(6001);
});

test('$validate judges a large resource as well, and says what it did not look up', async () => {
  const said = async (body: string): Promise<readonly (string | undefined)[]> => {
    const { status, json } = await rest.send('POST Basic/$validate', { body });
    const { issue = [] } = json as { issue?: readonly { severity?: string; diagnostics?: string }[] };
    return [String(status), ...issue.map(({ severity, diagnostics }) => `${severity} ${diagnostics}`)];
  };
  const member = '{"url":"http://example.org/x","valueString":"some words here"}';
  expect((await said(basic(many(member, 4000)))).join(' ')).toMatch(
    /^200 .*looked up neither its references nor stored value sets/,
  );
  expect((await said(basic(many('{"url":"a","value":1}', 8000)))).join(' ')).toMatch(/^200 .*error /);
});
