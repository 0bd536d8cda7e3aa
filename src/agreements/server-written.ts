/** What the server writes into an agreement: its legal state, the last event, who filed a signature on paper. */
import { formatInstant } from '../fhir/datetime.ts';
import { isSame } from '../fhir/same.ts';
import type { ContractSigner, Extension, Resource, Signature } from '../fhir/types.ts';
import { AGREEMENT_EXTENSIONS, asContract, awaitsSecondPerson, signaturesIn, type Side } from './contract.ts';
import type { AgreementState } from './state.ts';
import type { AgreementTransition } from './transitions.ts';

const LEGAL_STATE = 'http://hl7.org/fhir/contract-legalstate';

interface ServerWrite {
  readonly before: Resource | undefined;
  readonly side: Side | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The person who acts, as its token names it. */
  readonly user: string | undefined;
  readonly row: AgreementTransition | undefined;
  readonly from: AgreementState;
}

/** Turns what a client wrote into what is stored. Pure; the server applies it to every tree of the resource. */
export const serverWritten =
  (write: ServerWrite) =>
  (tree: Resource): Resource => {
    const { extension = [], signer = [] } = asContract(tree);
    const { extension: _e, signer: _s, legalState: _l, ...rest } = tree;
    const { status } = asContract(tree);
    const extensions = [
      ...withEffective(extension, write).filter(({ url }) => url !== AGREEMENT_EXTENSIONS.event),
      ...eventIn(write),
    ];
    const signers = write.row?.voids === true ? [] : signer.map((one) => signerIn(one, write));
    return {
      ...rest,
      resourceType: tree.resourceType,
      ...(extensions.length > 0 && { extension: extensions }),
      ...(signers.length > 0 && { signer: signers }),
      ...(status !== undefined && { legalState: { coding: [{ system: LEGAL_STATE, code: status }] } }),
    };
  };

/** Codes that a client gave as legal state. */
export const legalStateOf = (contract: Resource): readonly string[] =>
  (asContract(contract).legalState?.coding ?? []).flatMap(({ code }) => code ?? []);

function eventIn({ before, row, from, now }: ServerWrite): readonly Extension[] {
  if (row === undefined)
    return (before === undefined ? [] : (asContract(before).extension ?? [])).filter(
      ({ url }) => url === AGREEMENT_EXTENSIONS.event,
    );
  return [
    {
      url: AGREEMENT_EXTENSIONS.event,
      extension: [
        { url: 'row', valueCode: row.tid },
        { url: 'from', valueCode: from },
        { url: 'at', valueInstant: formatInstant(now) },
      ],
    },
  ];
}

/** A revocation that does not say when takes effect now. */
function withEffective(extensions: readonly Extension[], { row, now }: ServerWrite): readonly Extension[] {
  if (row?.event !== 'revoke') return extensions;
  return extensions.map((one) =>
    one.url !== AGREEMENT_EXTENSIONS.reason || (one.extension ?? []).some(({ url }) => url === 'effective')
      ? one
      : {
          ...one,
          extension: [...(one.extension ?? []), { url: 'effective', valueDateTime: formatInstant(now) }],
        },
  );
}

// — signatures on paper

function signerIn(signer: ContractSigner, write: ServerWrite): ContractSigner {
  const { before, row } = write;
  const isOld = (before === undefined ? [] : (asContract(before).signer ?? [])).some((one) =>
    isSame(one, signer),
  );
  const signature = signaturesIn(signer);
  if (!isOld) {
    const isOthers = signature.some(({ side }) => side !== write.side);
    return eachPaper(signer, (paper) => [
      ...paper.filter(({ url }) => url === 'document'),
      ...(isOthers ? personIn('recorder', write) : []),
    ]);
  }
  const confirms = row !== undefined && write.side === 'principal' && signature.some(awaitsSecondPerson);
  return confirms && isSigning(row)
    ? eachPaper(signer, (paper) => [...paper, ...personIn('approver', write)])
    : signer;
}

const isSigning = ({ event }: AgreementTransition): boolean =>
  event === 'sign-first' || event === 'sign-second';

const personIn = (url: string, { user }: ServerWrite): readonly Extension[] =>
  user === undefined ? [] : [{ url, valueReference: { reference: user } }];

const eachPaper = (
  signer: ContractSigner,
  change: (paper: readonly Extension[]) => readonly Extension[],
): ContractSigner => ({
  ...signer,
  signature: signer.signature.map((one): Signature =>
    one.extension === undefined
      ? one
      : {
          ...one,
          extension: one.extension.map((extension) =>
            extension.url === AGREEMENT_EXTENSIONS.signedPaper
              ? { ...extension, extension: [...change(extension.extension ?? [])] }
              : extension,
          ),
        },
  ),
});
