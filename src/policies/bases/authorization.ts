/** The party that a signed authorization of the patient names is told what it covers, while it is in force. */
import { wanting } from '../on-file.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { permitsFor } from './conditions.ts';

export const authorization: Policy = {
  name: 'authorization',
  law: '45 CFR 164.508',
  basis: 'authorization',
  stops: 'whom no authorization in force names',
  vote: (disclosure) => {
    if (disclosure.claimed !== 'authorization' || !disclosure.parties) return 'abstain';
    return authorizationsFor(disclosure).length > 0 ? 'permit' : 'deny';
  },
  refuses: (disclosure) => wanting('authorization', ['hipaa-auth'], disclosure),
};

const authorizationsFor = (disclosure: Disclosure) =>
  permitsFor(disclosure, ({ kind }) => kind === 'hipaa-auth' || kind === 'community-referral');
