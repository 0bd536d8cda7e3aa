/** The numbers of the referrals for which messages wait. The store is asked once, so that ordinary commits need not ask. */
import { identifierToken } from '../fhir/identifier.ts';
import type { Identifier } from '../fhir/types.ts';
import { valuesAt } from '../resources/element.ts';
import { ITEMS_MAX, type OpenItem } from './work-items.ts';

export interface ExpectedNumbers {
  has(number: Identifier): Promise<boolean>;
  isEmpty(): Promise<boolean>;
  add(number: Identifier): Promise<void>;
  remove(number: Identifier): void;
}

/** Numbers that are remembered at most; beyond them, a message may wait under every number. */
const NUMBERS_MAX = 10_000;

/** @param findAll all work items about messages that wait, as far as the server looks */
export function createExpectedNumbers(findAll: () => Promise<readonly OpenItem[]>): ExpectedNumbers {
  let known: Set<string> | undefined;
  let tooMany = false;
  const numbers = async (): Promise<Set<string>> => {
    if (known !== undefined) return known;
    const items = await findAll();
    tooMany ||= items.length >= ITEMS_MAX;
    known ??= new Set(items.flatMap(({ task }) => valuesAt(task, 'groupIdentifier').map(keyOfValue)));
    return known;
  };
  return {
    has: async (number) => (await numbers()).has(identifierToken(number)) || tooMany,
    isEmpty: async () => (await numbers()).size === 0 && !tooMany,
    add: async (number) => {
      const all = await numbers();
      if (all.size < NUMBERS_MAX) all.add(identifierToken(number));
      else tooMany = true;
    },
    remove: (number) => void known?.delete(identifierToken(number)),
  };
}

const keyOfValue = (number: unknown): string => identifierToken(number as Identifier); // validated structure
