/** Certificates in DNS: CERT records at the address, with a dot for its @, and at its domain (direct-xdm 5). */
import { certOwnerName, readCertRecord } from '../../../direct/certificates/cert-record.ts';
import type { QueryDns } from './dns-queries.ts';
import type { CertificateSource } from './index.ts';

export const createDnsSource = (query: QueryDns): CertificateSource => ({
  name: 'dns',
  async find(asked, _domain, signal) {
    const answers = await query(certOwnerName(asked), 'CERT', signal);
    return answers.flatMap((answer) =>
      'data' in answer && Buffer.isBuffer(answer.data) ? (readCertRecord(answer.data) ?? []) : [],
    );
  },
});
