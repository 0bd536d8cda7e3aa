/**
 * By when who must be told of a breach of unsecured health information (45 CFR 164.404, 164.406, 164.408, 164.410). The law
 * says "without unreasonable delay": these are the last moments, not the time that there is.
 */
const DAY = 86_400_000;
const HOUR = 3_600_000;
const DAYS_MAX = 60;
/** From so many individuals on, the Secretary is told at the same time as they; above it, of one state, the media are. */
export const MANY = 500;

/** Whom a clock is for, in words. */
export const TOLD_PARTIES = {
  individuals: 'the individuals',
  secretary: 'the Secretary of HHS',
  media: 'the media',
  'covered-entity': 'the covered entity, by the vendor',
} as const;
export type ToldParty = keyof typeof TOLD_PARTIES;

export interface BreachClock {
  readonly tells: ToldParty;
  /** Milliseconds since 1970. */
  readonly by: number;
  readonly law: string;
  readonly says: string;
}

export interface BreachFacts {
  /** When it was discovered, or would have been with reasonable diligence: milliseconds since 1970. */
  readonly discovered: number;
  /** Individuals whose information it is. */
  readonly individuals: number;
  /** How many of them live in one state at most, where that is known; absent: all. */
  readonly inOneState?: number;
  /** A vendor was told, or told, what it should not have: what it promised, in hours, where it promised anything. */
  readonly vendor?: { readonly promisedHours?: number };
}

/** The clocks of an incident that is a breach. */
export function breachClocks({
  discovered,
  individuals,
  inOneState = individuals,
  vendor,
}: BreachFacts): readonly BreachClock[] {
  const by = discovered + DAYS_MAX * DAY;
  const clocks: BreachClock[] = [
    {
      tells: 'individuals',
      by,
      law: '45 CFR 164.404(b)',
      says: 'each individual, by first-class mail or as agreed by e-mail',
    },
    individuals >= MANY
      ? {
          tells: 'secretary',
          by,
          law: '45 CFR 164.408(b)',
          says: 'the Secretary of HHS, at the same time as the individuals',
        }
      : {
          tells: 'secretary',
          by: endOfYear(discovered) + DAYS_MAX * DAY,
          law: '45 CFR 164.408(c)',
          says: 'the Secretary of HHS, in the log of the year',
        },
  ];
  if (inOneState > MANY)
    clocks.push({
      tells: 'media',
      by,
      law: '45 CFR 164.406',
      says: 'prominent media, where more than 500 live in one state',
    });
  if (vendor !== undefined) clocks.push(clockOfVendor(discovered, vendor.promisedHours));
  return clocks;
}

function clockOfVendor(discovered: number, promisedHours: number | undefined): BreachClock {
  const byLaw = discovered + DAYS_MAX * DAY;
  const promised = promisedHours === undefined ? byLaw : discovered + promisedHours * HOUR;
  return {
    tells: 'covered-entity',
    by: Math.min(byLaw, promised),
    law: '45 CFR 164.410(b)',
    says:
      promised < byLaw
        ? 'the vendor tells the covered entity, as its agreement promises'
        : 'the vendor tells the covered entity',
  };
}

/** The first moment after the calendar year, in UTC. */
const endOfYear = (ms: number): number => Date.UTC(new Date(ms).getUTCFullYear() + 1, 0, 1);

/** Days before a clock ends on which a person is reminded. */
const REMINDER_DAYS = [3, 10, 30] as const;

/** The reminder that is due for a clock, as days ahead: the last whose day has come; undefined before the first, and after the end. */
export const reminderDue = (by: number, now: number): number | undefined =>
  now >= by ? undefined : REMINDER_DAYS.find((days) => now >= by - days * DAY);
