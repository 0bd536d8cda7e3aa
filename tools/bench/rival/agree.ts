/** Whether two servers answer alike, which is asked before anything is measured. */
import { RIVAL_READS, RIVAL_WRITES, partsOf } from './rival-steps.ts';
import {
  askRival,
  entriesOf,
  outcomeOf,
  type RivalAnswer,
  type RivalWorld,
  type Target,
} from './rival-world.ts';

export interface Side {
  readonly name: string;
  readonly target: Target;
  readonly world: RivalWorld;
}

/** Patients by whose number reads are compared. */
const SAMPLES = 5;

/** Why a kind of work is not measured; undefined when both answer it, and alike. */
export async function disagreement(kind: string, sides: readonly [Side, Side]): Promise<string | undefined> {
  for (const part of partsOf(kind)) {
    const samples = part in RIVAL_READS ? SAMPLES : 1;
    for (let n = 0; n < samples; n += 1) {
      const i = Math.floor((n * sides[0].world.patients.length) / samples);
      const why = await compareOne(part, i, sides);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

async function compareOne(
  kind: string,
  i: number,
  sides: readonly [Side, Side],
): Promise<string | undefined> {
  const counts: string[] = [];
  for (const side of sides) {
    const { answer, expect } = await answerOf(kind, i, side);
    if (answer.status !== expect) return `${side.name} answers ${outcomeOf(answer)}`;
    counts.push(countOf(answer));
  }
  const [rival, ours] = counts;
  return rival === ours ? undefined : `${sides[0].name} answers with ${rival}, ${sides[1].name} with ${ours}`;
}

async function answerOf(
  kind: string,
  i: number,
  { target, world }: Side,
): Promise<{ readonly answer: RivalAnswer; readonly expect: number }> {
  const step = (RIVAL_READS[kind] ?? RIVAL_WRITES[kind])?.(world, `${world.run}-agreed`, i);
  if (step === undefined) throw new Error(`no work is called ${kind}`);
  const { method, path, body, expect } = step;
  const below = path.slice(world.path.length);
  const answer = await askRival(target, method, below, body === undefined ? undefined : JSON.parse(body));
  return { answer, expect };
}

/** Matches and what they bring along; of a transaction its entries. */
export function countOf({ body }: Pick<RivalAnswer, 'body'>): string {
  const entries = entriesOf(body);
  const included = entries.filter(({ search }) => search?.mode === 'include').length;
  const matches = entries.filter(({ search }) => search?.mode === 'match').length;
  if (entries.length > 0 && matches + included === 0) return `${entries.length} entries`;
  return `${matches} matches and ${included} included`;
}
