/**
 * `$import-xdm` of a package of 360X: to the organization that brings it, it is a mail of its author, unless the author is a
 * member (360x 5; harmony Z45).
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Parameters } from '../../../src/fhir/types.ts';
import { writeXdm } from '../../../src/direct/xdm/write-package.ts';
import { parseScopes } from '../../../src/smart/scopes.ts';
import { administrator } from '../../world.ts';
import { accept, larkspur, outcome, request, stateOf, tidewater } from '../hl7v2/exchange.ts';
import {
  mailOf,
  openMailed,
  submissionOf,
  TO_LARKSPUR,
  TO_TIDEWATER,
  type Mailed,
  type MailedOptions,
  REFERRAL_NOTE,
} from './mailed.ts';

let mailed: Mailed;
afterEach(() => mailed.close());
const open = async (options: MailedOptions): Promise<Mailed> => (mailed = await openMailed(options));

type Caller = typeof tidewater;

/** What the operation answers: its fate, and whether there is a manifest. */
async function bring(who: Caller, message: string, way: typeof TO_TIDEWATER | typeof TO_LARKSPUR) {
  const clinical = message.includes('OMG^O19') ? [REFERRAL_NOTE] : [];
  const zip = await writeXdm(submissionOf(message, { ...way, clinical }), {
    institution: 'A clinic',
    application: 'test',
  });
  const resource = {
    resourceType: 'Binary',
    contentType: 'application/zip',
    data: Buffer.from(zip).toString('base64'),
  };
  const body = { resourceType: 'Parameters', parameter: [{ name: 'package', resource }] };
  mailed.clock.now += 1000;
  const { status, text } = await mailed.ask(who, 'POST', '$import-xdm', body);
  if (status !== 200) throw new Error(text);
  const { parameter = [] } = JSON.parse(text ?? '{}') as Parameters;
  return {
    fate: parameter.find(({ name }) => name === 'fate')?.valueCode,
    isFiled: parameter.some(({ name }) => name === 'manifest'),
  };
}

interface Agent {
  readonly type: { readonly coding: readonly { readonly code: string }[] };
  readonly who: { readonly reference?: string; readonly identifier?: { readonly value: string } };
}
interface ImportEvent {
  readonly agent: readonly Agent[];
  readonly entity: readonly { readonly what?: { readonly reference?: string } }[];
}

const ASK = request({ at: 0, id: 'M-0' });
const TAKEN = { fate: 'applied', isFiled: false };
const FILED = { fate: undefined, isFiled: true };

describe('a request of somebody who is no member', () => {
  test.each(['stranger', 'listed'] as const)('opens the referral of the bringer (%s)', async (standing) => {
    await open({ larkspur: standing });

    expect(await bring(tidewater, ASK, TO_TIDEWATER)).toEqual(TAKEN);
    expect(stateOf(await mailed.referral())).toBe('received 2.0');
  });

  test('is the same once more', async () => {
    await open({ larkspur: 'stranger' });
    await bring(tidewater, ASK, TO_TIDEWATER);

    expect(await bring(tidewater, ASK, TO_TIDEWATER)).toEqual({ fate: 'repeated', isFiled: false });
    expect(await mailed.all('Task')).toHaveLength(1);
  });

  test('says who brought it: in the Provenance of what it wrote, and in the audit (360x 5; direct-xdm 7)', async () => {
    await open({ larkspur: 'stranger' });
    await bring(tidewater, ASK, TO_TIDEWATER);

    const [order] = await mailed.all('ServiceRequest');
    const [provenance] = await mailed.all('Provenance', `target=ServiceRequest/${order?.id ?? ''}`);
    const agents = (provenance as unknown as { agent: Agent[] }).agent;
    expect(agents.map(({ type, who }) => [type.coding[0]?.code, who.reference])).toEqual([
      ['author', expect.not.stringContaining('tidewater')],
      ['assembler', undefined],
      ['enterer', 'Organization/tidewater'],
    ]);
    const { json } = await mailed.ask(administrator, 'GET', 'AuditEvent?subtype=ITI-32');
    const rows = (json as unknown as { entry: { resource: ImportEvent }[] }).entry.map(
      ({ resource }) => resource,
    );
    expect(
      rows.map(({ agent, entity }) => [
        agent[0]?.who.identifier?.value,
        entity.some(({ what }) => what?.reference?.startsWith('DocumentReference/') === true),
      ]),
    ).toEqual([[tidewater.subject, true]]);
  });

  test('tells its author nothing', async () => {
    await open({ larkspur: 'stranger' });
    await bring(tidewater, ASK, TO_TIDEWATER);

    expect(await mailed.owed()).toEqual([]);
  });
});

describe('nobody speaks for a member', () => {
  test('a request of a member is kept as files', async () => {
    await open({});

    expect(await bring(tidewater, ASK, TO_TIDEWATER)).toEqual(FILED);
    expect(await mailed.all('Task')).toEqual([]);
  });

  test.each([
    ['an acceptance', accept({ at: 1, id: 'M-1' })],
    ['an outcome', outcome({ at: 1, id: 'M-2' })],
  ])('%s that the initiator brings moves nothing', async (_name, answer) => {
    await open({});
    await mailed.post(await mailOf(ASK, { ...TO_TIDEWATER, clinical: [REFERRAL_NOTE] }));
    const before = stateOf(await mailed.referral());

    expect(await bring(larkspur, answer, TO_LARKSPUR)).toEqual(FILED);
    expect(stateOf(await mailed.referral())).toBe(before);
  });
});

describe('what is not for the bringer', () => {
  test('is kept as files', async () => {
    await open({ larkspur: 'listed' });

    expect(await bring(larkspur, ASK, TO_TIDEWATER)).toEqual(FILED);
    expect(await mailed.all('Task')).toEqual([]);
  });

  test('nor is it a mail where the token writes no Tasks, or those of one patient alone', async () => {
    await open({ larkspur: 'stranger' });
    const types = [
      'DocumentReference',
      'DocumentManifest',
      'Binary',
      'Patient',
      'Provenance',
      'ServiceRequest',
    ];
    const scopes = parseScopes(types.map((type) => `system/${type}.cruds`).join(' '));

    const answer = accept({ at: 0, id: 'M-9' });

    expect(await bring({ ...tidewater, scopes }, answer, TO_TIDEWATER)).toEqual(FILED);
    const ofOnePatient = {
      ...tidewater,
      scopes: parseScopes('patient/*.cruds'),
      patient: 'Patient/somebody',
    } as const;
    await expect(bring(ofOnePatient, answer, TO_TIDEWATER)).rejects.toThrow('scope-insufficient');
    expect(await bring(tidewater, accept({ at: 0, id: 'M-8' }), TO_TIDEWATER)).toMatchObject({
      isFiled: false,
    });
  });
});
