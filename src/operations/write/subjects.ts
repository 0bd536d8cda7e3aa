/**
 * Warns of a subject that leads to no resource here: the resource is then in nobody's record, and reaches nobody (rules
 * 2.3).
 */
import type { IssueDetail } from '../../fhir/issue.ts';
import { localRefOf, typeOf } from '../../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { SUBJECTS } from './step-conditions.ts';

export function tellSubjects(draft: Draft): void {
  for (const planned of draft.planned.values())
    if (planned.origin === 'client') draft.notes.push(...subjectsElsewhere(planned));
}

function subjectsElsewhere(planned: Planned): readonly IssueDetail[] {
  const { ref, before, after } = planned;
  const named = SUBJECTS.filter((element) => after?.plain[element] !== undefined);
  return named.flatMap((element) => {
    const value = after?.plain[element];
    if (!isReference(value) || leadsSomewhere(value) || isSame(value, before?.[element])) return [];
    const place = `${typeOf(ref)}.${element}`;
    return [
      {
        code: 'reference-not-found' as const,
        type: 'informational' as const,
        severity: 'warning' as const,
        diagnostics: `${place} refers to no resource of this server, so no patient's record here shows this`,
        expression: placesIn(planned, [place]),
      },
    ];
  });
}

const isReference = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  ['reference', 'identifier', 'display'].some((name) => name in value);

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** To a local resource, which was looked for, or to a contained one, which validation looks for. */
const leadsSomewhere = ({ reference }: Readonly<Record<string, unknown>>): boolean =>
  typeof reference === 'string' && (reference.startsWith('#') || localRefOf(reference) !== undefined);
