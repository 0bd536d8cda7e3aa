/** The losses of a conversion as a List: each entry an outcome that says what, how and where. */
import type { Loss } from '../../../ccda/losses.ts';
import type { Resource } from '../../../fhir/types.ts';

/** Codes of lists that this server makes. */
export const LIST_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/list-code';
export const LOSS_REPORT = 'loss-report';
/** Kinds of losses. */
export const LOSS_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/conversion-loss';

/** What became of something is worth a warning where a reader may miss it, and information otherwise. */
const WARNINGS: ReadonlySet<string> = new Set(['unmapped', 'unresolved', 'unmapped-system']);

/**
 * The List (code `loss-report`). Each item is a contained OperationOutcome: FHIRPath in `expression`, XPath in `location`.
 *
 * @param date an instant
 */
export function listOfLosses(losses: readonly Loss[], date: string, about?: string): Resource {
  return {
    resourceType: 'List',
    ...(losses.length > 0 && {
      contained: losses.map((loss, index) => ({
        resourceType: 'OperationOutcome',
        id: `loss${index + 1}`,
        issue: [issueOf(loss)],
      })),
    }),
    status: 'current',
    mode: 'snapshot',
    title: 'What the conversion did not carry over',
    code: { coding: [{ system: LIST_SYSTEM, code: LOSS_REPORT }] },
    ...(about !== undefined && { subject: { reference: about } }),
    date,
    ...(losses.length > 0
      ? { entry: losses.map((_loss, index) => ({ item: { reference: `#loss${index + 1}` } })) }
      : {
          emptyReason: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/list-empty-reason', code: 'nilknown' }],
          },
        }),
  };
}

const issueOf = ({ direction, kind, at, what }: Loss): object => ({
  severity: WARNINGS.has(kind) ? 'warning' : 'information',
  code: kind === 'unresolved' ? 'not-found' : kind === 'masked' ? 'suppressed' : 'not-supported',
  details: { coding: [{ system: LOSS_SYSTEM, code: kind }], text: what },
  diagnostics: `${at}: ${what}`,
  ...(direction === 'in' ? { location: [at] } : { expression: [at] }),
});
