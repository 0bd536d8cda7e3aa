/** Whether an installation may begin: each gate is closed alone. */
import { describe, expect, test } from '@jest/globals';
import { carrierOfEndpoint, CARRIER_URL } from '../../../src/agreements/carriers.ts';
import { readinessOf, type ReadinessFacts } from '../../../src/agreements/readiness.ts';
import { stored } from '../../agreements.ts';

const ELM = 'Organization/elm';
const HOST = 'Organization/host';
const HISP = 'Organization/hisp';
const hosting = { id: 'host', principal: ELM, associate: HOST, services: ['it-hosting', 'mail'] };
const below = {
  id: 'hisp',
  kinds: ['subcontractor-baa'],
  principal: HOST,
  associate: HISP,
  services: ['mail'],
} as const;

const READY: ReadinessFacts = {
  now: Date.parse('2026-06-01T00:00:00Z'),
  demo: false,
  auditsReads: true,
  signsIn: true,
  mfaElsewhere: false,
  operator: HOST,
  members: [ELM, HOST],
  contracts: [stored(hosting), stored(below)],
  rails: [
    { name: 'Endpoint/a', organization: ELM, carrier: HISP },
    { name: 'Endpoint/b', organization: ELM, carrier: 'conduit' },
    { name: 'the relay', carrier: 'operator' },
    { name: 'the gateway', carrier: HOST },
    { name: 'mailRelay', carrier: HISP, service: 'mail' },
  ],
};
const closed = (change: Partial<ReadinessFacts>) =>
  readinessOf({ ...READY, ...change })
    .filter(({ ok }) => !ok)
    .map(({ says }) => says);

describe('(baa-messaging VR6) a gate that is closed', () => {
  test('nothing is closed of an installation in order', () => {
    expect(closed({})).toEqual([]);
  });

  test.each<[string, Partial<ReadinessFacts>, RegExp]>([
    ['the audit of reads is off', { auditsReads: false }, /^reads are not audited/],
    ['it is a demonstration', { demo: true }, /^a demonstration/],
    ['people sign in elsewhere', { signsIn: false }, /nothing shows a second factor/],
    ['no operator is named', { operator: undefined }, /^nobody is named as operator/],
    [
      'a member has no agreement with the operator',
      { members: [ELM, HOST, 'Organization/new'], rails: [] },
      /^Organization\/new has no agreement/,
    ],
    [
      'a way names no carrier',
      { rails: [{ name: 'Endpoint/x', carrier: undefined }] },
      /^Endpoint\/x names no carrier/,
    ],
    [
      'a carrier has no agreement',
      { rails: [{ name: 'Endpoint/x', organization: ELM, carrier: 'Organization/fax' }] },
      /^Endpoint\/x is run by Organization\/fax/,
    ],
    [
      'the agreement with a carrier does not cover the service',
      { rails: [{ name: 'smsGateway', carrier: HOST, service: 'sms' }] },
      /^smsGateway is run by Organization\/host, with whom Organization\/elm has no agreement in force for sms/,
    ],
    [
      'a way of the settings names no carrier',
      { rails: [{ name: 'directRelay', carrier: undefined, remedy: 'set carriers' }] },
      /^directRelay names no carrier → set carriers$/,
    ],
    [
      'the chain to a carrier is broken',
      {
        contracts: [stored(hosting), stored({ ...below, status: 'policy', signed: [] })],
        rails: READY.rails.slice(0, 4),
      },
      /^Endpoint\/a is run by Organization\/hisp/,
    ],
  ])('because %s closes alone', (_, change, says) => {
    expect(closed(change)).toEqual([expect.stringMatching(says)]);
  });

  test('an operator may vouch for the issuers outside', () => {
    expect(closed({ signsIn: false, mfaElsewhere: true })).toEqual([]);
  });

  test('when the agreement with the operator ends, so does all that stands below it', () => {
    expect(closed({ now: Date.parse('2027-02-01T00:00:00Z') })).toHaveLength(5);
  });
});

test('(baa-messaging BA18) an Endpoint names its carrier, or says that it is a conduit', () => {
  const endpoint = (value: object) => ({
    resourceType: 'Endpoint',
    extension: [{ url: CARRIER_URL, ...value }],
  });
  expect(carrierOfEndpoint(endpoint({ valueReference: { reference: HISP } }))).toBe(HISP);
  expect(carrierOfEndpoint(endpoint({ valueCode: 'conduit' }))).toBe('conduit');
  expect(carrierOfEndpoint(endpoint({ valueReference: { reference: 'Practitioner/p' } }))).toBeUndefined();
  expect(carrierOfEndpoint({ resourceType: 'Endpoint' })).toBeUndefined();
});
