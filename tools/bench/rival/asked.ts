/** What `npm run bench -- rival` was asked: which servers, and for how long. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError, wholeNumber } from '../../command.ts';

/** A server: one that listens already, or a checkout of Closeloop that the bench starts itself. */
export type Contender =
  | { readonly base: string; readonly token: string | undefined }
  | { readonly checkout: string };

export interface RivalAsked {
  readonly rival: Contender;
  /** Undefined: this build, which the bench starts. */
  readonly ours: Contender | undefined;
  readonly pairs: number;
  /** Seconds of one turn. */
  readonly seconds: number;
  /** Seconds of each kind of work before anything is measured. */
  readonly warmSeconds: number;
  readonly patients: number;
  /** The process of the rival, where the port does not tell. */
  readonly pid: number | undefined;
}

/** The flags, as they were given. */
export interface RivalFlags {
  readonly seconds?: string | undefined;
  readonly pairs?: string | undefined;
  readonly warm?: string | undefined;
  readonly patients?: string | undefined;
  readonly pid?: string | undefined;
}

const MOST = { pairs: 25, seconds: 60, warm: 120, patients: 20_000, pid: 2 ** 22 };
/** Fewer patients would not fill the page of the newest twenty. */
const PATIENTS_MIN = 10;
const DEFAULTS = { pairs: '5', seconds: '3', warm: '2', patients: '500' };

/**
 * @param operands `BASE[,TOKEN]` or the folder of a checkout; a second one stands for ours
 * @throws UsageError
 */
export function readRival(operands: readonly string[], flags: RivalFlags): RivalAsked {
  const [first, second] = operands;
  if (first === undefined) throw new UsageError('rival needs BASE[,TOKEN] or the folder of a checkout.');
  const { pid } = flags;
  return {
    rival: readContender(first),
    ours: second === undefined ? undefined : readContender(second),
    pairs: wholeNumber('--pairs', flags.pairs ?? DEFAULTS.pairs, 1, MOST.pairs),
    seconds: readSeconds('--seconds', flags.seconds ?? DEFAULTS.seconds, MOST.seconds),
    warmSeconds: readSeconds('--warm', flags.warm ?? DEFAULTS.warm, MOST.warm),
    patients: wholeNumber('--patients', flags.patients ?? DEFAULTS.patients, PATIENTS_MIN, MOST.patients),
    pid: pid === undefined ? undefined : wholeNumber('--pid', pid, 1, MOST.pid),
  };
}

function readContender(text: string): Contender {
  if (/^https?:\/\//.test(text)) {
    const [base = '', ...token] = text.split(',');
    if (!URL.canParse(base)) throw new UsageError(`${base} is no address.`);
    return { base: base.replace(/\/+$/, ''), token: token.length > 0 ? token.join(',') : undefined };
  }
  const checkout = resolve(text);
  if (!existsSync(join(checkout, 'tools/bench/serving.ts'))) {
    throw new UsageError(`${text} is neither an address nor the folder of a checkout of Closeloop.`);
  }
  return { checkout };
}

function readSeconds(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (!(number >= 0 && number <= most)) {
    throw new UsageError(`${flag} ${text} is not a number from 0 to ${most}.`);
  }
  return number;
}
