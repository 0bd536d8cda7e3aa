/** Nine days of the demonstration's two organizations, for a picture: the clock of this process is set back, and goes on. */
import { Client } from 'fhir-kit-client';
import type { Resource } from '../../../src/fhir/types.ts';
import { openEngines, type Engines } from '../../../tools/demo/engines.ts';
import { feedback, packageOf, visitFor } from '../../../tools/demo/package.ts';
import { ORGANIZATIONS, type Side } from '../../../tools/demo/organizations.ts';
import type { AppWorld } from './world.ts';

const HOUR_MS = 3_600_000;

type Referral = readonly [reason: string, given: string, family: string];

const REFERRALS = {
  closed: ['Obesity: nutrition counselling', 'Sidney', 'Sample'],
  booked: ['Type 2 diabetes: dietitian', 'Maya', 'Lindqvist'],
  declined: ['Prediabetes: evening group', 'Teo', 'Brandt'],
  waiting: ['Food insecurity: meal support', 'Rosa', 'Delgado'],
} as const satisfies Readonly<Record<string, Referral>>;

export interface Week {
  readonly world: AppWorld;
  /** The Task whose loop closed. */
  readonly shown: string;
  readonly engines: Engines;
}

/** @param open opens the world, which begins nine days ago */
export async function playWeek(open: () => Promise<AppWorld>): Promise<Week> {
  const present = Date.now.bind(Date);
  let before = 216 * HOUR_MS;
  Date.now = () => present() - before;
  try {
    const world = await open();
    const engines = await openEngines(world);
    /** A client of one side, as of a moment so many hours before now. */
    const at = async (hours: number, side: Side): Promise<Client> => {
      before = hours * HOUR_MS;
      return new Client({ baseUrl: world.base, bearerToken: await tokenOf(side) });
    };
    const tokenOf = async (side: Side): Promise<string> => {
      const claims = { subject: `demo-${side}`, client: `demo-${side}-ehr`, scope: 'system/*.cruds' };
      const { ref: organization } = ORGANIZATIONS[side];
      return (await world.running.devIssuer?.sign({ ...claims, organization })) ?? '';
    };
    const send = async (hours: number, referral: Referral) => taskOf(await at(hours, 'initiator'), referral);
    const move = async (hours: number, task: Sent, status: string, output?: string) =>
      moved(await at(hours, 'recipient'), task, status, output);
    const book = async (hours: number, { order, patient }: Sent) => {
      const client = await at(hours, 'recipient');
      await create(client, 'Appointment', visitFor(order, patient, Date.now()));
    };

    const closed = await send(215, REFERRALS.closed);
    await move(190, closed, 'accepted');
    await book(188, closed);
    const declined = await send(170, REFERRALS.declined);
    await move(121, declined, 'rejected');
    const booked = await send(98, REFERRALS.booked);
    await move(74, booked, 'accepted');
    await book(73, booked);
    await send(49, REFERRALS.waiting);
    const client = await at(3, 'recipient');
    const report = await create(
      client,
      'Bundle',
      feedback(closed.order, closed.patient, new Date(Date.now())),
    );
    await move(3, closed, 'completed', `Bundle/${report}`);
    await engines.wait('initiator', 'OSU^O51', 4);
    return { world, shown: closed.id, engines };
  } finally {
    Date.now = present;
  }
}

interface Sent {
  readonly id: string;
  readonly order: string;
  readonly patient: string;
}

async function taskOf(client: Client, [reason, given, family]: Referral): Promise<Sent> {
  const text = JSON.stringify(packageOf(new Date(Date.now())))
    .replace('Obesity: nutrition counselling', reason)
    .replace('"Sidney"', `"${given}"`)
    .replace('"family":"Sample"', `"family":"${family}"`);
  const sent: unknown = await client.transaction({ body: JSON.parse(text) as Resource });
  const { entry } = sent as { entry: readonly { response: { location: string } }[] }; // a transaction's response
  const find = (type: string): string => {
    const found = entry.find(({ response }) => response.location.startsWith(`${type}/`));
    return found?.response.location.split('/_history')[0] ?? '';
  };
  return { id: find('Task').slice('Task/'.length), order: find('ServiceRequest'), patient: find('Patient') };
}

async function moved(client: Client, { id }: Sent, status: string, output?: string): Promise<void> {
  const jsonPatch = [
    { op: 'replace', path: '/status', value: status },
    ...(output === undefined
      ? []
      : [
          {
            op: 'add',
            path: '/output',
            value: [{ type: { text: 'Referral outcome' }, valueReference: { reference: output } }],
          },
        ]),
  ];
  await client.patch({ resourceType: 'Task', id, jsonPatch: jsonPatch as never });
}

async function create(client: Client, resourceType: string, body: Resource): Promise<string> {
  const created: unknown = await client.create({ resourceType, body });
  return (created as { id: string }).id; // as stored
}
