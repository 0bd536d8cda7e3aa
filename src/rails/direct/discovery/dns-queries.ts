/** Questions to DNS: CERT and SRV, by UDP and by TCP where the answer is too long, remembered as long as they say. */
import {
  decode,
  encode,
  RECURSION_DESIRED,
  type Answer,
  type DecodedPacket,
  type OptAnswer,
  type StringAnswer,
} from 'dns-packet';
import type { Clock } from '../../../ports/clock.ts';
import type { AskNameServers } from '../../../ports/outgoing.ts';

type QueryType = 'CERT' | 'SRV';

/** Answers of one type at one name, or at the name that it stands for; none where there is none. */
export type QueryDns = (name: string, type: QueryType, signal: AbortSignal) => Promise<readonly Answer[]>;

interface DnsParts {
  readonly ask: AskNameServers;
  readonly clock: Clock;
  /** Unguessable, 0 to 65,535. */
  readonly newId: () => number;
}

/** What is remembered: the time until when, in milliseconds since 1970. */
interface Remembered {
  readonly answers: readonly Answer[];
  readonly until: number;
}

const SECOND = 1000;
const REMEMBERED_MAX = 5000;
/** How long an answer is believed, whatever it says, and how long that there is none (direct-xdm 5). */
const TTL_MAX_S = 24 * 3600;
const NEGATIVE_TTL_MAX_S = 3600;
const NEGATIVE_TTL_S = 300;
/** Names that stand for another one, one after the other. */
const ALIASES_MAX = 5;
const ANSWERS_MAX = 64;
/** What travels without fragments (RFC 9715). */
const UDP_BYTES = 1232;

const EDNS: OptAnswer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** RFC 1035 4.1.1. */
const RCODE = { done: 0, formatError: 1, noSuchName: 3, notImplemented: 4 };

const rcodeOf = ({ flags = 0 }: DecodedPacket): number => flags & 0xf;

/** A server that cannot answer; another attempt may get one. */
class NoAnswer extends Error {}

export function createDnsQueries(parts: DnsParts): QueryDns {
  const { clock } = parts;
  const remembered = new Map<string, Remembered>();
  return async (asked, type, signal) => {
    const name = asked.toLowerCase();
    if (!isName(name)) return [];
    const key = `${type} ${name}`;
    const known = remembered.get(key);
    if (known !== undefined && known.until > clock.now()) return known.answers;
    const found = await resolve(parts, name, type, signal);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(key, found);
    return found.answers;
  };
}

async function exchange(
  parts: DnsParts,
  name: string,
  type: QueryType,
  signal: AbortSignal,
): Promise<DecodedPacket> {
  let answer = await exchangeOnce(parts, name, type, true, signal);
  // Servers that do not know EDNS say so (RFC 6891 7).
  if ([RCODE.formatError, RCODE.notImplemented].includes(rcodeOf(answer)))
    answer = await exchangeOnce(parts, name, type, false, signal);
  if (![RCODE.done, RCODE.noSuchName].includes(rcodeOf(answer)))
    throw new NoAnswer('the server cannot answer');
  return answer;
}

async function exchangeOnce(
  { ask, newId }: DnsParts,
  name: string,
  type: QueryType,
  edns: boolean,
  signal: AbortSignal,
): Promise<DecodedPacket> {
  for (const way of ['udp', 'tcp'] as const) {
    const id = newId();
    const query = encode({
      type: 'query',
      id,
      flags: RECURSION_DESIRED,
      questions: [{ name, type, class: 'IN' }],
      ...(edns && { additionals: [EDNS] }),
    });
    const read = (given: Uint8Array): DecodedPacket | undefined => readAnswer(given, id, name, type);
    const answer = read(await ask(query, way, (given) => read(given) !== undefined, signal));
    if (answer !== undefined && (way === 'tcp' || !answer.flag_tc)) return answer;
  }
  throw new NoAnswer('no whole answer');
}

/** Follows names that stand for others, within an answer and beyond it. */
async function resolve(
  parts: DnsParts,
  asked: string,
  type: QueryType,
  signal: AbortSignal,
): Promise<Remembered> {
  let name = asked;
  let ttl = TTL_MAX_S;
  for (let steps = 0; steps <= ALIASES_MAX; steps += 1) {
    const packet = await exchange(parts, name, type, signal);
    const answers = (packet.answers ?? []).slice(0, ANSWERS_MAX);
    const began = name;
    for (let alias = aliasIn(answers, name); alias !== undefined && steps <= ALIASES_MAX; steps += 1) {
      ttl = Math.min(ttl, ttlOf(alias));
      name = alias.data.toLowerCase();
      alias = aliasIn(answers, name);
    }
    const found = answers.filter((one) => isOf(one, name, type));
    if (found.length > 0)
      return { answers: found, until: parts.clock.now() + Math.min(ttl, ...found.map(ttlOf)) * SECOND };
    if (name === began) return { answers: [], until: parts.clock.now() + negativeTtlOf(packet) * SECOND };
  }
  return { answers: [], until: parts.clock.now() + NEGATIVE_TTL_S * SECOND };
}

const isName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => label.length > 0 && label.length <= 63);

/** The answer, when it is one to this question; undefined for all else, whoever sent it. */
function readAnswer(bytes: Uint8Array, id: number, name: string, type: QueryType): DecodedPacket | undefined {
  try {
    const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    const [question, ...more] = packet.questions ?? [];
    const isOurs =
      packet.type === 'response' &&
      packet.id === id &&
      (((packet.flags ?? 0) >> 11) & 0xf) === 0 &&
      more.length === 0 &&
      question?.type === type &&
      (question.class ?? 'IN') === 'IN' &&
      question.name.toLowerCase() === name;
    return isOurs ? packet : undefined;
  } catch {
    return undefined; // not a message
  }
}

const ttlOf = (answer: Answer): number => ('ttl' in answer ? (answer.ttl ?? 0) : 0);

const isOf = (answer: Answer, name: string, type: string): boolean =>
  answer.type === type &&
  answer.name.toLowerCase() === name &&
  (!('class' in answer) || answer.class === 'IN');

/** The name that this one stands for, within the answer. */
const aliasIn = (answers: readonly Answer[], name: string): StringAnswer | undefined =>
  answers.find((answer): answer is StringAnswer => isOf(answer, name, 'CNAME'));

/** How long it counts that there is nothing (RFC 2308 5). */
function negativeTtlOf({ authorities = [] }: DecodedPacket): number {
  const soa = authorities.find((one) => one.type === 'SOA');
  const ttl = soa === undefined ? NEGATIVE_TTL_S : Math.min(ttlOf(soa), soa.data.minimum ?? NEGATIVE_TTL_S);
  return Math.min(ttl, NEGATIVE_TTL_MAX_S);
}
