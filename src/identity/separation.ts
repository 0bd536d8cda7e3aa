/** Separation of duties (identity ID-6; 45 CFR 164.308(a)(4)): what nobody decides about oneself. */

/** Every decision that needs somebody else, in words for the refusal. */
export const SEPARATED = {
  'own-roles': 'nobody changes the own roles, sites or memberships',
  'own-state': 'nobody suspends, ends or resets the own account',
  'own-links': 'nobody links the own account to a person or a patient',
  'own-review': 'nobody ends the review of the own emergency access',
  'own-ceiling': 'nobody approves or widens the own client',
} as const;

export type SeparatedDecision = keyof typeof SEPARATED;

/**
 * Why somebody may not decide; undefined where nothing separates them. `actor`, `subject`: ids of accounts; who has none (a
 * command of this machine, a token of an outside issuer) is nobody's self here.
 *
 * @param sole the installation has one administrator, who by the setting `soleAdministrator` decides alone
 */
export function separates(
  decision: SeparatedDecision,
  { actor, subject }: { readonly actor: string | undefined; readonly subject: string },
  sole = false,
): string | undefined {
  if (actor === undefined || actor !== subject) return undefined;
  return sole && decision !== 'own-review' ? undefined : SEPARATED[decision];
}
