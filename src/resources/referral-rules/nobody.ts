/**
 * The reason why a Reference stands for no organization of this server, in words that name the Reference (rules 2.5).
 */
import { localRef, typeOf, valuesAt } from '../element.ts';
import { partyElementOf } from '../party.ts';

/** @param element where it stands, e.g. `Task.owner` */
export function whyNobody(element: string, reference: unknown): string {
  if (reference === undefined) return `${element} is missing`;
  const ref = localRef(reference);
  const [literal] = valuesAt(reference, 'reference');
  if (ref !== undefined) {
    const named = partyElementOf(typeOf(ref));
    if (named === undefined)
      return `${element}: ${ref} stands for no organization; name an Organization, or a role, service, team or device of one`;
    return named === 'self'
      ? `${element}: ${ref} is not an organization of this server`
      : `${element}: ${ref} is nobody's ${WORDS[typeOf(ref)] ?? 'own'}, since its ${named} names no Organization of this server`;
  }
  if (typeof literal === 'string') return `${element}: ${shortened(literal)} is not on this server`;
  const [identifier] = valuesAt(reference, 'identifier');
  return identifier === undefined
    ? `${element} has neither the reference nor the identifier of an organization`
    : `${element}: its identifier belongs to no organization on this server`;
}

const WORDS: Readonly<Record<string, string>> = {
  PractitionerRole: 'role',
  HealthcareService: 'service',
  CareTeam: 'team',
  Device: 'device',
};

/** A reference short enough for a message: a client's references may have any length. */
const shortened = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
