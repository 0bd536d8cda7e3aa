/** Of what holds for every resource type, a quick run tries the types with code of their own and some of the others. */
import { RESOURCE_TYPES } from '../src/resources/index.ts';
import { PLAIN_TYPES } from '../src/resources/types/plain.ts';
import { someOf, type Run } from './proof.ts';

const PLAIN: ReadonlySet<string> = new Set(PLAIN_TYPES.map(({ type }) => type));

/** Types that are tried, in the order of the registry. `run.runs` counts the plain ones. */
export function typesTried(run: Run): readonly string[] {
  const types = [...RESOURCE_TYPES.keys()];
  const some = new Set(
    someOf(
      types.filter((type) => PLAIN.has(type)),
      run,
    ),
  );
  return types.filter((type) => !PLAIN.has(type) || some.has(type));
}
