/** FamilyMemberHistory: what runs in the patient's family. */
import type { ResourceType } from '../resource.ts';

export const familyMemberHistory: ResourceType = {
  type: 'FamilyMemberHistory',
  carries: ['patient', 'reasonReference'],
};
