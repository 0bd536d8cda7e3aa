/** Clients at work: two organizations that create, refer, patch, move, delete and read, all at once, until they are cut off. */
import { randomUUID } from 'node:crypto';
import type { Chance } from './chance.ts';
import { identifierOf, LANE, referral } from './bodies.ts';
import { send, type Answer, type Ask } from './client.ts';
import { isAnswered, markOf, type Ledger, type Offer, type Unanswered } from './ledger.ts';
import type { Issuer } from './tokens.ts';

export interface Scene {
  readonly tokens: { readonly north: string; readonly south: string; readonly admin: string };
  readonly ledger: Ledger;
  /** Subscriptions of the recipient, each for the Tasks of one lane. */
  readonly lanes: number;
}

export async function createScene(issuer: Issuer, ledger: Ledger, lanes: number): Promise<Scene> {
  const tokens = {
    north: await issuer.sign('north-ehr', 'north'),
    south: await issuer.sign('south-ehr', 'south'),
    admin: await issuer.sign('admin'),
  };
  return { tokens, ledger, lanes };
}

const PARAMETERS = { resourceType: 'Parameters' };

/** The organizations, their roles, and the recipient's Subscriptions. */
export async function seed(base: string, { tokens, lanes }: Scene, receiverPort: number): Promise<void> {
  const must = async (ask: Omit<Ask, 'requestId' | 'body'>, body: object, status = 201): Promise<void> => {
    const answer = await send(base, { ...ask, requestId: randomUUID(), body: JSON.stringify(body) });
    if (answer?.status !== status) throw new Error(`seed ${ask.path}: ${answer?.status} ${answer?.text}`);
  };
  for (const id of ['north', 'south']) {
    const organization = { resourceType: 'Organization', id, active: true, name: id };
    const role = { resourceType: 'PractitionerRole', id, organization: { reference: `Organization/${id}` } };
    await must({ method: 'PUT', path: `/Organization/${id}`, token: tokens.admin }, organization);
    await must({ method: 'POST', path: `/Organization/${id}/$admit`, token: tokens.admin }, PARAMETERS, 200);
    await must({ method: 'PUT', path: `/PractitionerRole/${id}`, token: tokens.admin }, role);
  }
  for (let lane = 0; lane < lanes; lane += 1) {
    await must(
      { method: 'POST', path: '/Subscription', token: tokens.south },
      {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'what is sent to us',
        criteria: `Task?identifier=${LANE}|${lane}`,
        channel: {
          type: 'rest-hook',
          endpoint: `http://127.0.0.1:${receiverPort}/${lane}`,
          payload: 'application/fhir+json',
        },
      },
    );
  }
}

/** What a client has made and may go on with. */
interface Known {
  /** Referral Tasks, with the next move of each. */
  readonly tasks: { readonly ref: string; readonly move: number }[];
  /** Patients of nobody else, which may be deleted. */
  readonly patients: { readonly ref: string; readonly version: number }[];
  /** Patients that all clients patch at the same time. */
  readonly shared: readonly string[];
}

const SHARED = 3;
const KEYED = 0.6;

/** Runs clients against a server until it answers no more, or their work is over. */
export async function work(
  base: string,
  scene: Scene,
  clients: number,
  chance: Chance,
  over?: AbortSignal,
): Promise<void> {
  const shared = await Promise.all(sharedPatients(base, scene));
  if (shared.includes('')) return;
  const known: Known = { tasks: [], patients: [], shared };
  const deeds = createDeeds(base, scene, known);
  const workAlone = async (own: Chance): Promise<void> => {
    while (over?.aborted !== true && (await chooseDeed(deeds, own)(own)));
  };
  await Promise.all(Array.from({ length: clients }, () => workAlone(chance.fork())));
}

const sharedPatients = (base: string, { tokens }: Scene): readonly Promise<string>[] =>
  Array.from({ length: SHARED }, async () => {
    const body = JSON.stringify({ resourceType: 'Patient', telecom: [{ system: 'other', value: 'first' }] });
    const answer = await send(base, {
      method: 'POST',
      path: '/Patient',
      token: tokens.north,
      requestId: randomUUID(),
      body,
    });
    return answer?.location ?? '';
  });

/** One thing that a client does; false when it got no answer. */
type Deed = (chance: Chance) => Promise<boolean>;

interface Deeds {
  readonly create: Deed;
  readonly refer: Deed;
  readonly patch: Deed;
  readonly move: Deed;
  readonly remove: Deed;
  readonly read: Deed;
}

const SHARES: readonly (readonly [deed: keyof Deeds, share: number])[] = [
  ['create', 0.25],
  ['refer', 0.1],
  ['patch', 0.2],
  ['move', 0.1],
  ['remove', 0.05],
  ['read', 0.3],
];

function chooseDeed(deeds: Deeds, chance: Chance): Deed {
  let left = chance.next();
  const found = SHARES.find(([, share]) => (left -= share) < 0);
  return deeds[found?.[0] ?? 'read'];
}

function createDeeds(base: string, { tokens, ledger, lanes }: Scene, known: Known): Deeds {
  const offer = async (
    chance: Chance,
    members: number,
    asked: (mark: string) => Pick<Ask, 'method' | 'path' | 'token'> & { readonly body: object },
    then: (answer: Answer) => void = () => undefined,
  ): Promise<boolean> => {
    const mark = markOf(ledger.offers.length);
    const { body, ...rest } = asked(mark);
    const key = chance.happens(KEYED) ? { key: `key-${mark}` } : {};
    const made: Offer = {
      mark,
      members,
      answers: [],
      heard: [],
      ask: { ...rest, ...key, requestId: `write-${mark}`, body: JSON.stringify(body) },
    };
    ledger.offers.push(made);
    const answer = await take(base, ledger, made);
    if (answer !== undefined) then(answer);
    return answer !== undefined;
  };

  return {
    create: (chance) =>
      offer(
        chance,
        1,
        (mark) => ({
          method: 'POST',
          path: '/Patient',
          token: tokens.north,
          body: { resourceType: 'Patient', identifier: identifierOf(mark), name: [{ family: 'Sample' }] },
        }),
        ({ location = '', version }) => known.patients.push({ ref: location, version }),
      ),
    refer: (chance) =>
      offer(
        chance,
        3,
        (mark) => ({
          method: 'POST',
          path: '',
          token: tokens.north,
          body: referral(mark, chance.below(lanes)),
        }),
        ({ text = '' }) => {
          const ref = /"location":"[^"]*?(Task\/[\w-]+)/.exec(text)?.[1];
          if (ref !== undefined) known.tasks.push({ ref, move: 0 });
        },
      ),
    patch: (chance) =>
      offer(chance, 1, (mark) => ({
        method: 'PATCH',
        path: `/${chance.pick(known.shared)}`,
        token: tokens.north,
        body: [{ op: 'add', path: '/telecom/-', value: { system: 'other', value: mark } }],
      })),
    async move(chance) {
      const next = known.tasks.splice(chance.below(known.tasks.length), 1)[0];
      const step = next && MOVES[next.move];
      if (next === undefined || step === undefined) return true;
      return offer(
        chance,
        1,
        (mark) => ({
          method: 'PATCH',
          path: `/${next.ref}`,
          token: tokens[step.by],
          body: [
            { op: 'replace', path: '/status', value: step.status },
            { op: 'add', path: '/note/-', value: { text: mark } },
          ],
        }),
        () => known.tasks.push({ ref: next.ref, move: next.move + 1 }),
      );
    },
    async remove(chance) {
      const patient = known.patients.splice(chance.below(known.patients.length), 1)[0];
      if (patient === undefined) return true;
      const { ref } = patient;
      const { answer } = await hear(base, ledger, {
        method: 'DELETE',
        path: `/${ref}`,
        token: tokens.north,
        requestId: randomUUID(),
      });
      if (answer !== undefined && answer.status >= 300)
        ledger.wrong.push(`delete ${ref}: ${answer.status} ${answer.text}`);
      ledger.deletions.push({ ref, answered: answer !== undefined });
      return answer !== undefined;
    },
    async read(chance) {
      if (known.patients.length === 0) return true;
      const { ref, version } = chance.pick(known.patients);
      const requestId = `read-${randomUUID()}`;
      const path = `/${ref}/_history/${version}`;
      const { answer } = await hear(base, ledger, { method: 'GET', path, token: tokens.north, requestId });
      if (answer?.status === 200) ledger.reads.push(requestId);
      else if (answer !== undefined) ledger.wrong.push(`read ${path}: ${answer.status} ${answer.text}`);
      return answer !== undefined;
    },
  };
}

/** What comes of a request: an answer, or what came instead. */
type Heard =
  | { readonly answer: Answer; readonly instead?: never }
  | { readonly answer: undefined; readonly instead: Unanswered };

async function hear(base: string, ledger: Ledger, ask: Ask): Promise<Heard> {
  const answer = await send(base, ask);
  if (answer === undefined) return { answer, instead: 'nothing' };
  const [, code] = /"code":"(busy|commit-unsure)"/.exec(answer.text ?? '') ?? [];
  if (!ledger.databaseMayBeAway || answer.status !== 503 || code === undefined) return { answer };
  return { answer: undefined, instead: code as Unanswered }; // by the expression
}

/** Sends an offer and keeps what was promised. */
export async function take(base: string, ledger: Ledger, offer: Offer): Promise<Answer | undefined> {
  const { answer, instead } = await hear(base, ledger, offer.ask);
  if (answer === undefined) {
    offer.heard.push(instead);
    return undefined;
  }
  if (answer.status >= 300) {
    ledger.wrong.push(`${offer.mark} ${offer.ask.method} ${offer.ask.path}: ${answer.status} ${answer.text}`);
    return undefined;
  }
  const [first] = offer.answers;
  if (first !== undefined && !isSame(first, answer))
    ledger.wrong.push(`${offer.mark} was answered in two ways`);
  offer.answers.push(answer);
  return answer;
}

const isSame = (one: Answer, other: Answer): boolean =>
  one.status === other.status &&
  one.version === other.version &&
  one.location === other.location &&
  (one.text === other.text || one.text === undefined || other.text === undefined);

/** Offers that got no answer and have a key are sent again; so are some that got one. Returns how many of each. */
export async function offerAgain(
  base: string,
  { ledger }: Scene,
  since: number,
  chance: Chance,
): Promise<{ readonly pending: number; readonly repeated: number }> {
  const keyed = ledger.offers.slice(since).filter(({ ask }) => ask.key !== undefined);
  const pending = keyed.filter((offer) => !isAnswered(offer));
  const repeated = keyed.filter((offer) => isAnswered(offer) && chance.happens(0.1));
  for (const offer of [...pending, ...repeated]) await take(base, ledger, offer);
  return { pending: pending.length, repeated: repeated.length };
}

interface Move {
  readonly by: 'north' | 'south';
  readonly status: string;
}

/** Accepted by the recipient, then called off by the initiator, which the server keeps as a request to cancel. */
const MOVES: readonly Move[] = [
  { by: 'south', status: 'accepted' },
  { by: 'north', status: 'cancelled' },
];
