/**
 * Two organizations and the link between them, without a socket: an interface engine that speaks for both. Messages are
 * written here as engines write them, and handed to the FHIR engine's door as the rail would.
 */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { LINK_DEFAULTS, type Link } from '../../../src/hl7v2/link.ts';
import type { Acknowledgment } from '../../../src/hl7v2/received.ts';
import type { MessageSettings } from '../../../src/ports/inbound.ts';
import { organization } from '../../resources.ts';
import {
  administrator,
  callerOf,
  openWorld,
  resourcesOf,
  type Stored,
  type World,
  type WorldOptions,
} from '../../world.ts';

/** The initiator of the samples (Larkspur) and the recipient (Tidewater), as messages and as the directory name them. */
export const LARKSPUR = { id: 'larkspur', facility: '2.999.10.1', patients: '2.999.10.1.5' } as const;
export const TIDEWATER = { id: 'tidewater', facility: '2.999.20.1', patients: '2.999.20.1.11' } as const;
export const OUTSIDER = { id: 'outsider', facility: '2.999.66.1', patients: '2.999.66.1.5' } as const;

type Organization = { readonly id: string; readonly facility: string };
const facilityOf = ({ id, facility }: Organization) => ({
  facility,
  organization: `Organization/${id}` as Ref,
});

export const larkspur = callerOf(LARKSPUR.id);
export const tidewater = callerOf(TIDEWATER.id);
export const outsider = callerOf(OUTSIDER.id);

/** What Larkspur's engine may say, and what Tidewater's may. */
export const FROM_LARKSPUR: Link = {
  ...LINK_DEFAULTS,
  name: 'larkspur',
  senders: [facilityOf(LARKSPUR)],
  receivers: [facilityOf(TIDEWATER), facilityOf(OUTSIDER)],
  authorities: [LARKSPUR.patients],
};
export const FROM_TIDEWATER: Link = {
  ...LINK_DEFAULTS,
  name: 'tidewater',
  senders: [facilityOf(TIDEWATER)],
  receivers: [facilityOf(LARKSPUR)],
  authorities: [TIDEWATER.patients],
};
export const FROM_OUTSIDER: Link = {
  ...LINK_DEFAULTS,
  name: 'outsider',
  senders: [facilityOf(OUTSIDER)],
  receivers: [facilityOf(LARKSPUR), facilityOf(TIDEWATER)],
  authorities: [OUTSIDER.patients, LARKSPUR.patients],
};

const DAY = 86_400_000;
export const MESSAGE_SETTINGS: MessageSettings = {
  duplicateWindowMs: 7 * DAY,
  pairWithinMs: 60_000,
  parkMs: 3_600_000,
};

export interface Exchange extends World {
  /** The server's clock; tests move it. */
  readonly clock: { now: number };
  /** What the server logged of what went wrong. */
  readonly logged: string[];
  /** Hands a message to the FHIR engine as its sender's link does, which is known by MSH-4. */
  readonly say: (message: string, link?: Link) => Promise<Acknowledgment>;
  /** All resources of a type, whoever keeps them. */
  readonly all: (type: string, query?: string) => Promise<readonly Stored[]>;
  /** The Task of the referral with this number. */
  readonly referral: (number?: string) => Promise<Stored>;
  /** Work items about messages that nobody has dealt with, by kind. */
  readonly workItems: () => Promise<readonly WorkItem[]>;
}

export interface WorkItem {
  readonly kind: string;
  readonly owner: string | undefined;
  readonly task: Stored;
}

export interface ExchangeOptions extends WorldOptions {
  readonly messages?: Partial<MessageSettings>;
  readonly links?: readonly Link[];
}

const WORK_ITEMS = 'https://closeloop.dev/fhir/CodeSystem/work-item';

export async function openExchange({ messages, links, ...options }: ExchangeOptions = {}): Promise<Exchange> {
  const known = links ?? [FROM_LARKSPUR, FROM_TIDEWATER, FROM_OUTSIDER];
  const clock = { now: Date.parse('2025-04-22T12:00:00Z') };
  const logged: string[] = [];
  const world = await openWorld({
    ...options,
    store: { clock: { now: () => clock.now }, ...options.store },
    engine: {
      clock: { now: () => clock.now },
      messages: {
        settings: { ...MESSAGE_SETTINGS, ...messages },
        links: () => known,
        log: (says, about) => logged.push(`${says} ${JSON.stringify(about)}`),
      },
      ...options.engine,
    },
  });
  for (const { id, facility } of [LARKSPUR, TIDEWATER, OUTSIDER]) {
    const named = organization(id, { identifier: [{ system: `urn:oid:${facility}`, value: facility }] });
    await world.ask(administrator, 'PUT', `Organization/${id}`, named);
  }
  const all: Exchange['all'] = async (type, query = '') =>
    resourcesOf(await world.bundle(administrator, `${type}?_count=1000${query === '' ? '' : `&${query}`}`));
  return {
    ...world,
    clock,
    logged,
    all,
    async say(message, link = known.find(({ senders }) => senders[0]?.facility === senderOf(message))) {
      clock.now += 1000;
      if (link === undefined) throw new Error('nobody speaks for this sender');
      const bytes = new TextEncoder().encode(message.trim().replaceAll('\n', '\r') + '\r');
      return world.engine.messages.receive({
        link,
        bytes,
        address: '192.0.2.1',
        signal: new AbortController().signal,
      });
    },
    async referral(number = REFERRAL) {
      const tasks = await all('Task', `focus:ServiceRequest.identifier=${number}`);
      if (tasks.length !== 1) throw new Error(`${tasks.length} Tasks for ${number}`);
      return tasks[0] as Stored; // counted
    },
    async workItems() {
      const tasks = await all('Task', `code=${WORK_ITEMS}|`);
      return tasks
        .filter(({ status }) => status === 'requested' || status === 'on-hold')
        .map((task) => ({ kind: kindOf(task), owner: ownerOf(task), task }));
    },
  };
}

/** The OID of MSH-4. */
const senderOf = (message: string): string | undefined => message.split('|')[3]?.split('^')[1];

const kindOf = ({ code }: Resource): string => (code as { coding: { code: string }[] }).coding[0]?.code ?? '';
const ownerOf = ({ owner }: Resource): string | undefined => (owner as { reference?: string })?.reference;

// — the state of a referral in one word

export const stateOf = ({ status, businessStatus }: Resource): string => {
  const { coding = [] } = businessStatus as { coding?: { code: string }[] };
  return [status, coding[0]?.code].join(' ');
};

// — messages as engines write them

export const REFERRAL = 'R-2025-00731';

export interface Said {
  /** MSH-7 as minutes after nine on 2025-03-14 in UTC, or a whole DTM. */
  readonly at: number | string;
  readonly id: string;
  readonly referral?: string;
  readonly patient?: string;
  readonly from?: Organization;
  readonly to?: Organization;
  readonly authority?: string;
}

const PATIENT = 'MQ-40417';
const NAME = 'Quintero^Marisol^J^^^^L||19710308|F|||12 Alder Way^^Fairmont^OR^97999^US^H';

export function timeAt(at: number | string): string {
  if (typeof at === 'string') return at;
  const time = new Date(Date.parse('2025-03-14T09:00:00Z') + at * 60_000).toISOString();
  return `${time.slice(0, 19).replaceAll(/[-:T]/g, '')}+0000`;
}

const msh = (
  type: string,
  { at, id, from, to }: Said,
  sender: Organization,
  receiver: Organization,
): string =>
  `MSH|^~\\&||^${(from ?? sender).facility}^ISO||^${(to ?? receiver).facility}^ISO|${timeAt(at)}||${type}|${id}|P|2.5.1|||NE|NE|||||360X`;
const pid = ({ patient = PATIENT }: Said, name = NAME): string =>
  `PID|1||${patient}^^^&${LARKSPUR.patients}&ISO^MR||${name}`;
const placer = ({ referral = REFERRAL, authority = '2.999.10.1.15' }: Said): string =>
  `${referral}^^${authority}^ISO`;
const DOCTOR = '1999999984^Okafor^Ngozi^R^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI';

/** OMG^O19 by Larkspur. `more` replaces the reason or the name. */
export const request = (
  said: Said,
  { reason = '^Knee pain limiting stairs', name = NAME }: { reason?: string; name?: string } = {},
): string =>
  [
    msh('OMG^O19^OMG_O19', said, LARKSPUR, TIDEWATER),
    pid(said, name),
    `ORC|NW|${placer(said)}|||||||20250314090300-0500|||${DOCTOR}`,
    'TQ1|1|||||||20250415235959-0500',
    `OBR|1|${placer(said)}||57133-1^Referral note^LN||||||||||||${DOCTOR}|||||||||||||||${reason}`,
  ].join('\n');

const osu =
  (
    codes: readonly [control: string, status: string, reason?: string],
    sender: Organization,
    receiver: Organization,
  ) =>
  (said: Said): string =>
    [
      msh('OSU^O51^OSU_O51', said, sender, receiver),
      pid(said),
      `ORC|${codes[0]}|${placer(said)}|||${codes[1]}|||||||||||${codes[2] ?? ''}`.replace(/\|+$/, ''),
    ].join('\n');

export const accept = osu(['OK', 'IP'], TIDEWATER, LARKSPUR);
export const decline = osu(['UA', 'CA', '^No appointment available'], TIDEWATER, LARKSPUR);
export const interim = osu(['SC', 'A'], TIDEWATER, LARKSPUR);
export const outcome = osu(['SC', 'CM'], TIDEWATER, LARKSPUR);
export const ping = osu(['SC', 'IP'], TIDEWATER, LARKSPUR);
export const confirm = osu(['CR', 'CA'], TIDEWATER, LARKSPUR);
export const cancel = osu(['CA', '', '^Patient chose another clinic'], LARKSPUR, TIDEWATER);

const siu =
  (event: string, status: string) =>
  (said: Said, { visit = 'A-7120', hour = 14 }: { visit?: string; hour?: number } = {}): string =>
    [
      msh(`SIU^${event}^SIU_S12`, said, TIDEWATER, LARKSPUR),
      `SCH||${visit}^^2.999.20.1.14^ISO||||57133-1^Referral note^LN|57133-1^Referral note^LN|||||||||^Sato^Emi||||^Sato^Emi|||||${status}^^HL70278|${placer(said)}`,
      `TQ1|1||||||20250402${hour}0000-0500|20250402${hour}3000-0500`,
      pid(said),
      'RGS|1|A',
      `AIP|1|A|1888888884^Lindqvist^Tor^^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI|||20250402${hour}0000-0500|||30|min^^ISO+`,
    ].join('\n');

export const book = siu('S12', 'Booked');
export const rebook = siu('S13', 'Booked');
export const callOff = siu('S15', 'Cancelled');
export const miss = siu('S26', 'Noshow');

/** MDM^T02 by Tidewater, a PDF of a few bytes. */
export const note = (said: Said, text = '%PDF-1.4 a note'): string =>
  [
    msh('MDM^T02^MDM_T02', said, TIDEWATER, LARKSPUR),
    `EVN|T02|${timeAt(said.at)}`,
    pid(said),
    'PV1|1|N',
    `ORC|RE|${placer(said)}`,
    `OBR|1|${placer(said)}||57133-1^Referral note^LN`,
    `TXA|1|CN^Consultation^HL70270|AP|${timeAt(said.at)}||||||||DOC-${said.id}^^2.999.20.1.16^ISO|||||AU`,
    `OBX|1|ED|11488-4^Consult note^LN||^application^pdf^Base64^${Buffer.from(text).toString('base64')}||||||F`,
  ].join('\n');

/** ADT by Larkspur: A08 updates a patient, A40 merges `prior` into one. */
export const adt = (
  event: 'A08' | 'A31' | 'A40',
  said: Said,
  { name = NAME, prior }: { name?: string; prior?: string } = {},
): string =>
  [
    msh(`ADT^${event}^ADT_A01`, said, LARKSPUR, TIDEWATER),
    `EVN|${event}|${timeAt(said.at)}`,
    pid(said, name),
    ...(prior === undefined ? [] : [`MRG|${prior}^^^&${LARKSPUR.patients}&ISO^MR`]),
  ].join('\n');
