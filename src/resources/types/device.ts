/**
 * Device: a thing used in care; a party through its owner, and written by that one. It may be a patient's, so it is no
 * directory.
 */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const device: ResourceType = {
  type: 'Device',
  belongsTo: (device) => localRef(device['owner']),
  carries: ['patient', 'parent'],
};
