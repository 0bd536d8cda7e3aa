/** AuditEvent: rendered from the audit chain when asked for; no client creates one (rules 2.8, 4.2). */
import type { ResourceType } from '../resource.ts';

export const auditEvent: ResourceType = {
  type: 'AuditEvent',
  interactions: ['read', 'search-type'],
  renderedFromAudit: true,
};
