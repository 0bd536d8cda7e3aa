/**
 * Whatever a crash leaves reopens at a whole commit, and holds everything that was acknowledged before (rules 3.8). Three
 * kinds of crash: the process dies and the machine lives on; the power fails and only what was flushed is left; the power
 * fails and of what was not flushed some is left, some is not, and some is torn or garbled.
 */
import type { Chance } from './chance.ts';
import type { Change, Image, Survives } from './disk.ts';
import { reopen } from './reopen.ts';
import type { TracedRun } from './traced-run.ts';

export interface CrashReport {
  /** Reopened images, by kind of crash. */
  readonly images: Readonly<Record<Kind, number>>;
  /** Those that reopened behind the last commit that was begun. */
  readonly withoutTail: number;
  readonly faults: readonly string[];
}

export type Kind = 'killed' | 'flushed' | 'torn';

export interface CrashOptions {
  readonly chance: Chance;
  /** Images of each kind at most, evenly over the run. */
  readonly imagesMax: number;
}

/** One image in so many is verified row by row. */
const THOROUGH = 10;

export async function judgeCrashes(
  run: TracedRun,
  { chance, imagesMax }: CrashOptions,
): Promise<CrashReport> {
  const { disk, acknowledgments, hashes, end } = run;
  const faults: string[] = [];
  const images = { killed: 0, flushed: 0, torn: 0 };
  let withoutTail = 0;

  const judge = async (kind: Kind, place: number, image: Image): Promise<void> => {
    const promised = promisedAt(acknowledgments, place);
    const thorough = images[kind] % THOROUGH === 0;
    images[kind] += 1;
    const { seq, hash, faults: found } = await reopen(image, thorough);
    const says = (what: string): string => `${kind} at ${place}: ${what}`;
    faults.push(...found.map(says));
    if (seq < promised) faults.push(says(`commit ${promised} was acknowledged, the store reopens at ${seq}`));
    if (seq > 0 && hashes[seq - 1] !== hash) faults.push(says(`what reopens at ${seq} is not commit ${seq}`));
    if (seq < hashes.length) withoutTail += 1;
  };

  const places = disk.changes.map(({ doneAt }) => doneAt);
  for (const place of evenly(places, imagesMax)) await judge('killed', place, disk.written(place));
  // Right after a promise is when least may be missing.
  for (const { at } of evenly(acknowledgments, imagesMax)) await judge('flushed', at, disk.cut(at, nothing));
  for (let i = 0; i < imagesMax; i += 1) {
    const place = chance.below(end);
    await judge('torn', place, disk.cut(place, tear(chance)));
  }
  return { images, withoutTail, faults };
}

/** The last commit of which a client had been told. */
const promisedAt = (acknowledgments: TracedRun['acknowledgments'], place: number): number =>
  acknowledgments.reduce((last, { at, seq }) => (at <= place ? Math.max(last, seq) : last), 0);

const nothing: Survives = () => undefined;

/** Each change by itself: there, missing, cut off at some byte, or with a bit turned over. */
function tear(chance: Chance): Survives {
  return ({ bytes, kind }: Change) => {
    if (chance.happens(0.4)) return bytes;
    if (kind === 'truncate' || bytes.length === 0 || chance.happens(0.4)) return undefined;
    if (chance.happens(0.5)) return bytes.subarray(0, chance.below(bytes.length));
    const garbled = Buffer.from(bytes);
    const at = chance.below(garbled.length);
    garbled[at] = (garbled[at] ?? 0) ^ (1 << chance.below(8));
    return garbled;
  };
}

/** At most so many of a list, the first and the last among them. */
function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * (list.length - 1)) / (most - 1))]!);
}
