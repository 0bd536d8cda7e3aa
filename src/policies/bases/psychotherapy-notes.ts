/** Psychotherapy notes: told to the party that an authorization for such notes alone names. */
import { releases } from '../consent/permit.ts';
import { wanting } from '../on-file.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { permitsFor } from './conditions.ts';

export const notesAuthorization: Policy = {
  name: 'psychotherapy-notes',
  // (b)(3)(ii): it may be combined with another authorization for such notes only.
  law: '45 CFR 164.508(a)(2), (b)(3)(ii)',
  basis: 'psychotherapy-notes',
  stops: 'whom no authorization for such notes alone names',
  vote: (disclosure) => {
    if (disclosure.claimed !== 'psychotherapy-notes' || !disclosure.parties) return 'abstain';
    return isReleased(disclosure) ? 'permit' : 'deny';
  },
  refuses: (disclosure) => {
    const { needs = [], ...refused } = wanting('psychotherapy-authorization', ['hipaa-auth'], disclosure);
    return { ...refused, needs: needs.map((need) => ({ ...need, labels: ['PSYTHPN'] })) };
  },
};

const isReleased = (disclosure: Disclosure): boolean =>
  permitsFor(disclosure, (permit) => releases(permit, 'psychotherapy')).length > 0;
