/** Doctor before a pilot: each gate says what opens it, and one that is closed is a failure (baa-messaging VR6). */
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CARRIER_URL } from '../../../src/agreements/carriers.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { writeMember } from '../../../src/resources/parties/standing.ts';
import { agreement } from '../../agreements.ts';
import { childEnv } from '../../child-env.ts';
import { openWorld } from '../../contract/delivery-world.ts';
import { endpoint } from '../../resources.ts';

const ELM = 'Organization/elm';
const HOST = 'Organization/host';
const ROOT = join(import.meta.dirname, '../../..');
const MLLP = { system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type', code: 'hl7v2-mllp' };

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
  await put(
    agreement({
      id: 'host',
      principal: ELM,
      associate: HOST,
      services: ['it-hosting', 'mail'],
      start: '2020-01-01',
      end: null,
    }),
  );
  await put(engineOf({ valueReference: { reference: HOST } }));
  await world.store.commit({
    writes: [],
    preconditions: [],
    expects: [],
    audit: [
      {
        event: 'admin',
        action: 'U',
        outcome: '0',
        agent: { organization: '', client: 'test', subject: '' },
        requestId: 't',
        entities: [],
        patients: [],
        viewers: [],
      },
    ],
    outbox: [],
    deliveryOutcomes: [],
    records: [writeMember(ELM, { by: 'test', at: '2026-01-01T00:00:00Z' })],
  });
});
afterAll(() => world.close());

const put = (resource: Resource) => world.put(resource as never, [], ELM);
const engineOf = (carrier: object): Resource =>
  endpoint('elm', {
    connectionType: MLLP,
    address: 'mllp://192.0.2.1:2575',
    header: undefined,
    extension: [{ url: CARRIER_URL, ...carrier }],
  });

const SETTINGS = ['--issuer', 'https://issuer.example', '--port', '1', '--operator-organization', HOST];

/** The lines of the part, without their marks. */
function pilot(...more: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const argv = [
      join(ROOT, 'tools/doctor.ts'),
      '--data-dir',
      world.folder,
      '--readiness',
      'pilot',
      ...SETTINGS,
      ...more,
    ];
    execFile(process.execPath, argv, { env: childEnv() }, (_error, out) => {
      resolve(
        out
          .split('\n')
          .filter((line) => /^ *[✓✗!] pilot /.test(line))
          .map((line) => line.trim()),
      );
    });
  });
}
const closed = (lines: readonly string[]) => lines.filter((line) => line.startsWith('✗'));

test('(baa-messaging VR6) nothing is closed where all is in order, and each gate closes by itself', async () => {
  const open = await pilot();
  expect(open).toHaveLength(4);
  expect(closed(open)).toEqual([]);
  expect(closed(await pilot('--audit-reads', 'off'))).toEqual([
    expect.stringContaining('reads are not audited'),
  ]);
  expect(closed(await pilot('--authorization-server', 'off'))).toEqual([
    expect.stringContaining('second factor'),
  ]);
  expect(closed(await pilot('--authorization-server', 'off', '--mfa-elsewhere'))).toEqual([]);
  expect(closed(await pilot('--operator-organization', 'Organization/other'))).toEqual([
    expect.stringContaining(`${ELM} has no agreement in force with Organization/other`),
  ]);
  await put(engineOf({ valueReference: { reference: 'Organization/nobody' } }));
  expect(closed(await pilot())).toEqual([
    expect.stringContaining('Endpoint/elm (hl7v2-mllp) is run by Organization/nobody'),
  ]);
  await put(engineOf({ valueCode: 'conduit' }));
  expect(closed(await pilot())).toEqual([]);
});

const mail = (carrier: string): readonly string[] =>
  `--mail-relay smtps://relay.example:465 --mail-from no-reply@closeloop.example --mail-carrier ${carrier}`.split(
    ' ',
  );
const sms = (carrier: string): readonly string[] =>
  `--sms-gateway https://sms.example/send --sms-secret a-secret-of-the-gateway --sms-carrier ${carrier}`.split(
    ' ',
  );

describe('(baa-messaging VR6) the ways that settings name', () => {
  const OTHER = 'Organization/nobody';
  const file = join(mkdtempSync(join(tmpdir(), 'closeloop-pilot-')), 'domains.json');
  const direct = ['--direct-domains', file, '--direct-relay', 'smtps://relay.example:465'];

  test.each<[string, readonly string[]]>([
    ['the operator runs relay and gateway', [...mail('operator'), ...sms('operator')]],
    ['an agreement covers mail', mail(HOST)],
    ['a row names who carries Direct mail', [...direct, '--carriers', `direct-project=${HOST}`]],
  ])('are open where %s', async (_, more) => {
    writeFileSync(file, '[{ "domain": "direct.elm.example", "way": "sta" }]');
    const lines = await pilot(...more);
    expect(lines.length).toBeGreaterThan(4);
    expect(closed(lines)).toEqual([]);
  });

  test.each<[string, readonly string[], string]>([
    ['who runs the mail relay has no agreement', mail(OTHER), `mailRelay is run by ${OTHER}`],
    ['who runs the gateway has no agreement', sms(OTHER), `smsGateway is run by ${OTHER}`],
    ['the agreement does not cover sms', sms(HOST), 'no agreement in force for sms'],
    ['nobody says who runs the relay of Direct mail', direct, 'directRelay names no carrier'],
    [
      'who carries Direct mail has no agreement',
      [...direct, '--carriers', `direct-project=${OTHER}`],
      `carriers: direct-project is run by ${OTHER}`,
    ],
  ])('close alone where %s', async (_, more, says) => {
    expect(closed(await pilot(...more))).toEqual([expect.stringContaining(says)]);
  });
});
