/** The notice of 42 CFR 2.32 in clinical documents: its section, its header, and that the rules still pass (P14, P30). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Parameters } from '../../../src/fhir/types.ts';
import { convertDocument } from '../../../src/ccda/read/convert.ts';
import { STATEMENT_1 } from '../../../src/policies/part2/statements.ts';
import { openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import { openServer, type TestServer } from '../../server.ts';
import { part2Scene, SCOPE, type Part2Scene } from './scene.ts';

let server: TestServer;
let scene: Part2Scene;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  scene = await part2Scene(server);
});
afterAll(() => server.close());

async function documentFor(who: string, of: string): Promise<string> {
  const { json, status } = await server.ask(who, 'GET', `${of}/$ccda`);
  expect(status).toBe(200);
  const { parameter = [] } = json as unknown as Parameters;
  const binary = parameter.find(({ name }) => name === 'document')?.resource as unknown as { data: string };
  return Buffer.from(binary.data, 'base64').toString('utf8');
}

const words = (xml: string): string =>
  xml
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');

const fold = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('(compliance P14, P30) a clinical document of content of Part 2', () => {
  test.each(['initiator', 'recipient'])('that %s asks for', async (who) => {
    const xml = await documentFor(who, scene.order);
    expect(words(xml)).toContain(fold(STATEMENT_1));
    expect(words(xml)).toContain(SCOPE);
    const first = xml.indexOf('<section');
    expect(xml.indexOf('2.16.840.1.113883.3.3251.1.5')).toBeGreaterThan(first);
    expect(xml.slice(first, first + 200)).toContain('2.16.840.1.113883.3.3251.1.5');
    const header = xml.slice(0, xml.indexOf('<structuredBody'));
    for (const root of ['3251.1.1"', '3251.1.2"', '3251.1.3"'])
      expect(header).toContain(`2.16.840.1.113883.3.${root}`);
    expect(header).toContain('<confidentialityCode code="R" codeSystem="2.16.840.1.113883.5.25"');
    expect(header).toMatch(
      new RegExp(
        `<authorization typeCode="AUTH"><consent [^>]*><id [^>]*${scene.consent}"/><code code="64292-6"`,
      ),
    );
    expect(xml).not.toContain('NORDSCLCD');
  });

  judged('ccda_rules', '(ccda 17) passes the rules', async () => {
    expect(openRules()(await documentFor('recipient', scene.order))).toEqual([]);
  });

  test('(compliance P33) is read again as content of Part 2', async () => {
    const xml = await documentFor('recipient', scene.order);
    const { bundle } = await convertDocument(Buffer.from(xml), {
      zone: undefined,
      newId: () => 'id',
    } as never);
    const labels = JSON.stringify(bundle);
    expect(labels).toContain('"42CFRPart2"');
  });
});
