/** The answers of a form as parameters of a capture: its linkIds are their names (compliance K2, K7). */
import type { Resource } from '../../../fhir/types.ts';

interface ResponseItem {
  readonly linkId?: string;
  readonly item?: readonly ResponseItem[];
  readonly answer?: readonly (Readonly<Record<string, unknown>> & {
    readonly item?: readonly ResponseItem[];
  })[];
}

export type Answers = ReadonlyMap<string, readonly unknown[]>;

/** Nesting that is looked into. */
const DEPTH_MAX = 5;

/** The values of the answers by linkId; a Coding, a Reference, an Attachment or a primitive each. */
export function answersOf(response: Resource | undefined): Answers {
  const answers = new Map<string, unknown[]>();
  const walk = (items: readonly ResponseItem[], depth: number): void => {
    if (depth > DEPTH_MAX) return;
    for (const { linkId = '', item = [], answer = [] } of items) {
      for (const one of answer) {
        const value = Object.entries(one).find(([name]) => name.startsWith('value'))?.[1];
        if (value !== undefined) answers.set(linkId, [...(answers.get(linkId) ?? []), value]);
        walk(one.item ?? [], depth + 1);
      }
      walk(item, depth + 1);
    }
  };
  walk((response?.['item'] ?? []) as readonly ResponseItem[], 0); // validated structure
  return answers;
}
