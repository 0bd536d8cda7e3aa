/**
 * Contract: an agreement between organizations. One that is a business associate agreement is ruled by the table of
 * `src/agreements`, and reaches its associate from the offer on (baa-messaging BA2; harmony Z17); any other is written by
 * the organization whose authority it is under.
 */
import { associateOf, associateSees, isAgreement, principalOf } from '../../agreements/contract.ts';
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const contract: ResourceType = {
  type: 'Contract',
  belongsTo: (agreement) => {
    const [authority] = Array.isArray(agreement['authority']) ? agreement['authority'] : [];
    return localRef(authority);
  },
  // The document alone: whoever is to sign it reads it.
  carries: ['legal.contentAttachment.url'],
  writtenByParties: isAgreement,
  partiesOf: (agreement) => {
    const associate = isAgreement(agreement) && associateSees(agreement) ? associateOf(agreement) : undefined;
    const principal = principalOf(agreement);
    // The principal as well: the document of a counter offer is the associate's.
    return Promise.resolve(associate === undefined ? [] : [associate, ...(principal ? [principal] : [])]);
  },
};
