/** A file that the server cannot read has the highest label of its author's in the referral (compliance S5). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openServer, type TestServer } from '../../server.ts';
import { labelsOf } from '../labels/scene.ts';
import { part2Scene, type Part2Scene } from './scene.ts';

let server: TestServer;
let scene: Part2Scene;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  scene = await part2Scene(server);
});
afterAll(() => server.close());

const fileOf = (contentType: string, related: string) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  subject: { reference: scene.patient },
  content: [{ attachment: { contentType, data: 'eA==' } }],
  context: { related: [{ reference: related }] },
});

test.each<readonly [string, string, string, () => string, string]>([
  [
    'a PDF of who put a label on the referral',
    'initiator',
    'application/pdf',
    () => scene.order,
    '42CFRPart2 R',
  ],
  ['a document whose codes are read', 'initiator', 'application/hl7-cda+xml', () => scene.order, ''],
  ['a PDF about no referral', 'initiator', 'application/pdf', () => scene.plain, ''],
])('(compliance S5) %s', async (_what, who, contentType, related, labels) => {
  expect(labelsOf(await server.create(who, fileOf(contentType, related())))).toBe(labels);
});
