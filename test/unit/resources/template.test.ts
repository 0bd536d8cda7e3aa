import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { parseJson } from '../../../src/fhir/json.ts';
import { stampText } from '../../../src/ports/store.ts';
import { buildTemplate } from '../../../src/resources/template.ts';

const AT = '2026-11-22T10:00:00.000Z';
const stamped = (text: string) => stampText(buildTemplate(parseJson(text).storing, 'a1'), 7, AT);

test.each([
  [
    '{"resourceType":"Basic"}',
    '{"resourceType":"Basic","id":"a1","meta":{"versionId":"7","lastUpdated":"AT"}}',
  ],
  [
    '{"status":"draft","id":"other","n":1.50,"resourceType":"Task","meta":{"lastUpdated":"1999-01-01T00:00:00Z","profile":["p"],"versionId":"3","_versionId":{"id":"x"},"tag":[{"code":"t"}]}}',
    '{"resourceType":"Task","id":"a1","meta":{"versionId":"7","lastUpdated":"AT","profile":["p"],"tag":[{"code":"t"}]},"status":"draft","n":1.50}',
  ],
  [
    '{"resourceType":"Task","meta":{},"status":"draft"}',
    '{"resourceType":"Task","id":"a1","meta":{"versionId":"7","lastUpdated":"AT"},"status":"draft"}',
  ],
])('%s', (text, stored) => {
  expect(stamped(text)).toBe(stored.replace('AT', AT));
});

test('what is long comes through as it is, whatever is to be escaped in it', () => {
  const long = 'aA0+/='.repeat(20_000);
  const elements = { contentType: 'a/b', data: long, note: `"${long}\\`, last: 1 };
  const stored: unknown = JSON.parse(stamped(JSON.stringify({ resourceType: 'Binary', ...elements })));
  const meta = { versionId: '7', lastUpdated: AT };
  expect(JSON.stringify(stored)).toBe(
    JSON.stringify({ resourceType: 'Binary', id: 'a1', meta, ...elements }),
  );
});

/** What the door lets in. */
const acceptable = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));

test('every other element comes through, in order, whatever it holds', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), acceptable), (elements) => {
      const { id: _id, meta: _meta, ...rest } = elements;
      const stored: unknown = JSON.parse(stamped(JSON.stringify({ ...rest, resourceType: 'Basic' })));
      expect(JSON.stringify(stored)).toBe(
        JSON.stringify({
          resourceType: 'Basic',
          id: 'a1',
          meta: { versionId: '7', lastUpdated: AT },
          ...rest,
        }),
      );
    }),
  );
});

test('the base64 of a large Binary is handed over as bytes, and stands in the text as if it were in the tree', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 4);
  shared.set(Buffer.from('QUJD'));
  const { storing } = parseJson('{"resourceType":"Binary","contentType":"a/b"}');
  expect(stampText(buildTemplate(storing, 'a1', shared), 7, AT)).toBe(
    stamped('{"resourceType":"Binary","contentType":"a/b","data":"QUJD"}'),
  );
});
