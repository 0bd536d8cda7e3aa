/** Subscription: who wants to be told of what (http://hl7.org/fhir/R4/subscription.html). Its headers are secrets. */
import type { ResourceType } from '../resource.ts';
import { maskSecrets, subscriptionRules } from '../subscription-rules.ts';

export const subscription: ResourceType = {
  type: 'Subscription',
  show: maskSecrets,
  secrets: ['channel.header'],
  discloses: ({ criteria }) => (typeof criteria === 'string' ? criteria.split('?', 1)[0] : undefined),
  rules: subscriptionRules,
};
