/** What the sender of an HL7 v2 message is told of its fate (rules 7.2): MSA-1 by fate, and the remarks as ERR segments. */
import { ISSUES, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Link } from '../../hl7v2/link.ts';
import type { Acknowledgment } from '../../hl7v2/received.ts';
import type { MessageFate, Remark } from '../../ports/inbound.ts';
import { SearchRefused } from '../../ports/store.ts';
import { remark, type MessageVerdict } from '../fate.ts';

/** MSA-1 by fate. */
const CODES: Readonly<Record<Exclude<MessageFate, 'repeated'>, Acknowledgment['code']>> = {
  applied: 'AA',
  late: 'AA',
  parked: 'AA',
  ignored: 'AA',
  'work-item': 'AA',
  quarantine: 'AE',
  rejected: 'AR',
  'not-kept': 'AR',
};

/** The answer to the sender: an accepted message has warnings, no errors. */
export function acknowledgmentOf(
  { fate, remarks }: Pick<MessageVerdict, 'fate' | 'remarks'>,
  link: Link,
): Acknowledgment {
  const code = fate === 'work-item' ? link.workItemAcknowledged : CODES[fate];
  const told = code === 'AA' ? remarks.map(soften) : remarks;
  return { fate, code, remarks: told };
}

const soften = (one: Remark): Remark => (one.severity === 'E' ? { ...one, severity: 'W' } : one);

/** The answer when nothing is on disk: the sender must send the message again. */
export function notKept(error: unknown): Acknowledgment {
  const code =
    error instanceof SearchRefused
      ? 'busy'
      : error instanceof OperationOutcomeError
        ? error.code
        : 'internal';
  return { fate: 'not-kept', code: CODES['not-kept'], remarks: [remark(code, 'E', '', ISSUES[code].solve)] };
}
