/** DocumentReference: a received file, hanging on its ServiceRequest by context.related. */
import type { ResourceType } from '../resource.ts';

export const documentReference: ResourceType = {
  type: 'DocumentReference',
  carries: ['subject', 'author', 'content.attachment.url', 'context.sourcePatientInfo'],
  follows: ['context.related'],
};
