/**
 * The resource types that are data only, a row each: what a referral reaches from them and by which paths it reaches them
 * (rules 2.2), who sees them, which profiles are checked. A type with code of its own has a file of its own.
 */
import type { ResourceType } from '../resource.ts';

/** As `ResourceType` has it, with the element paths in one text, separated by white space. */
interface Row extends Pick<ResourceType, 'profiles' | 'directory'> {
  readonly carries?: string;
  readonly follows?: string;
}

const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';

/** About no patient; every organization reads it, its custodian alone writes it (ADR 0014). */
const PUBLISHED: Row = { directory: true };

const ROWS: Readonly<Record<string, Row>> = {
  // — people

  // The person the referral is for. Reached by the referral, reaches nothing: never the rest of its compartment.
  Patient: { profiles: [`${BSER}/bser-patient`, `${US_CORE}/us-core-patient`] },
  // Directory.
  Practitioner: { profiles: [`${US_CORE}/us-core-practitioner`], directory: true },
  // Subscriber of a coverage, performer of a consent.
  RelatedPerson: { profiles: [`${US_CORE}/us-core-relatedperson`] },
  // People or things taken together. It may name patients, so it is no directory and carries no member: whoever is referred
  // is named by a Task.
  Group: { carries: 'managingEntity' },
  // A human being whom several records are about. It links Patients, and no referral goes from one of them to another by it:
  // it is its custodian's own, and reaches nothing.
  Person: {},
  // That records are about the same thing. As a Person, it reaches nothing.
  Linkage: {},

  // — what is known of the patient

  // Harm that befell somebody, and what may have caused it.
  AdverseEvent: {
    carries: `subject recorder contributor resultingCondition suspectEntity.instance subjectMedicalHistory
      referenceDocument`,
  },
  // What the patient must not be given; supporting information of a referral.
  AllergyIntolerance: {
    profiles: [`${US_CORE}/us-core-allergyintolerance`],
    carries: 'patient recorder asserter',
  },
  // A part of the body as it was found, with pictures.
  BodyStructure: { carries: 'patient image.url' },
  // An assessment, with what was found and on which grounds.
  ClinicalImpression: {
    carries: 'subject problem investigation.item finding.itemReference prognosisReference supportingInfo',
  },
  // Why the referral is made.
  Condition: {
    profiles: [`${US_CORE}/us-core-condition-problems-health-concerns`],
    carries: 'subject recorder asserter stage.assessment evidence.detail',
  },
  // What is wrong with what was planned or done: an interaction, a duplicate.
  DetectedIssue: { carries: 'patient author implicated evidence.detail' },
  // What a device measures; a part of the device.
  DeviceMetric: { carries: 'source parent' },
  // A device that the patient is said to use.
  DeviceUseStatement: { carries: 'subject derivedFrom source device reasonReference', follows: 'basedOn' },
  // Results that answer a referral, with the values and pictures they are made of.
  DiagnosticReport: {
    carries: `subject performer resultsInterpreter specimen result imagingStudy media.link
      presentedForm.url`,
    follows: 'basedOn',
  },
  // What runs in the patient's family.
  FamilyMemberHistory: { carries: 'patient reasonReference' },
  // A warning about the patient.
  Flag: { carries: 'subject author' },
  // Pictures taken for a referral; where they are stood.
  ImagingStudy: {
    carries: 'subject reasonReference procedureReference series.specimen series.performer.actor',
    follows: 'basedOn',
  },
  // A vaccination given.
  Immunization: { carries: 'patient reasonReference reaction.detail' },
  // Whether a vaccination counts, and which are due.
  ImmunizationEvaluation: { carries: 'patient immunizationEvent' },
  ImmunizationRecommendation: {
    carries: 'patient recommendation.supportingImmunization recommendation.supportingPatientInformation',
  },
  // A picture, a film or a recording made for a referral.
  Media: { carries: 'subject operator device content.url', follows: 'basedOn' },
  // A sequence of the patient's genes or proteins.
  MolecularSequence: {
    carries: 'patient specimen device referenceSeq.referenceSeqPointer variant.variantPointer pointer',
  },
  // Supporting information and feedback.
  Observation: {
    profiles: [
      `${BSER}/bser-referral-observation`,
      `${US_CORE}/us-core-blood-pressure`,
      `${US_CORE}/us-core-bmi`,
      `${US_CORE}/us-core-body-height`,
      `${US_CORE}/us-core-body-weight`,
      `${US_CORE}/us-core-observation-lab`,
      `${US_CORE}/us-core-observation-social-history`,
      `${US_CORE}/us-core-smokingstatus`,
      `${US_CORE}/us-core-vital-signs`,
      'http://hl7.org/fhir/us/odh/StructureDefinition/odh-EmploymentStatus',
    ],
    carries: 'subject focus performer specimen device hasMember derivedFrom',
    follows: 'basedOn',
  },
  // What was done for the patient.
  Procedure: {
    profiles: [`${US_CORE}/us-core-procedure`],
    carries: `subject recorder asserter performer.actor reasonReference report complicationDetail
      focalDevice.manipulated usedReference`,
    follows: 'basedOn',
  },
  // Answers to a Questionnaire, asked for by a referral or sent with it.
  QuestionnaireResponse: {
    carries: `subject author source
      item*.answer.valueReference item*.answer.valueAttachment.url
      item*.answer.item*.answer.valueReference item*.answer.item*.answer.valueAttachment.url`,
    follows: 'basedOn',
  },
  // That the patient takes part in a study. The Consent to it is not carried: it may say what the patient denies.
  ResearchSubject: { carries: 'individual study' },
  // What may befall the patient, and on which grounds.
  RiskAssessment: { carries: 'subject condition performer reasonReference basis', follows: 'basedOn' },
  // A sample taken for a referral.
  Specimen: { carries: 'subject parent', follows: 'request' },

  // — what is planned and ordered

  // Whether a participant comes. It moves no referral: the Appointment does (rules 1.3).
  AppointmentResponse: { carries: 'actor', follows: 'appointment' },
  // What is planned for the patient. Orders among its activities are each a referral of its own, and not carried.
  CarePlan: {
    carries: `subject author contributor careTeam addresses supportingInfo goal activity.outcomeReference
      activity.detail.reasonReference activity.detail.goal activity.detail.performer
      activity.detail.productReference`,
  },
  // A device ordered within a referral.
  DeviceRequest: {
    carries: `codeReference subject requester performer reasonReference insurance supportingInfo
      relevantHistory`,
    follows: 'basedOn',
  },
  // A visit, in which the order was made or that took place for it. Its diagnoses are all that were made there, and not
  // carried; those that matter are named by the order or the feedback.
  Encounter: { carries: 'subject participant.individual reasonReference', follows: 'basedOn appointment' },
  // The time in which an organization cares for the patient, begun by a referral. Its diagnoses are not carried, as an
  // Encounter's are not.
  EpisodeOfCare: { carries: 'patient team', follows: 'referralRequest' },
  // What the referral is meant to achieve (resource-pertainsToGoal of BSeR's ServiceRequest). What it `addresses` may be the
  // order of another referral, and is not carried.
  Goal: { profiles: [`${US_CORE}/us-core-goal`], carries: 'subject expressedBy outcomeReference' },
  // What a guideline answered to a question about the patient. Its parameters are contained.
  GuidanceResponse: { carries: 'subject performer reasonReference result' },
  // A diet ordered.
  NutritionOrder: { carries: 'patient allergyIntolerance' },
  // Orders that belong together. Each reaches its own recipient by its own Task, so none is carried.
  RequestGroup: { carries: 'subject author action*.participant reasonReference', follows: 'basedOn' },
  // Whose time is given out in Slots. It may be a patient's, so it is no directory.
  Schedule: { carries: 'actor' },
  // A time that can be booked, reached by the Appointment that did.
  Slot: { carries: 'schedule' },

  // Things handed over, and things asked for.
  SupplyDelivery: { carries: 'patient suppliedItem.itemReference' },
  SupplyRequest: { carries: 'itemReference requester reasonReference deliverTo' },
  // Glasses or lenses prescribed.
  VisionPrescription: { carries: 'patient' },

  // — medication

  // A drug and what is in it.
  Medication: {
    profiles: [`${BSER}/BSeR-TobaccoUseCessationFeedbackMedication`, `${US_CORE}/us-core-medication`],
    carries: 'ingredient.itemReference',
  },
  // A drug given.
  MedicationAdministration: {
    carries: 'medicationReference subject performer.actor reasonReference supportingInformation device',
  },
  // A drug handed out.
  MedicationDispense: {
    carries: 'medicationReference subject performer.actor receiver supportingInformation',
  },
  // A prescription, given as information or made within a referral.
  MedicationRequest: {
    profiles: [`${US_CORE}/us-core-medicationrequest`],
    carries: `medicationReference subject reportedReference requester performer reasonReference
      supportingInformation insurance`,
    follows: 'basedOn',
  },
  // What the patient is said to take.
  MedicationStatement: {
    carries: 'medicationReference subject informationSource derivedFrom reasonReference',
    follows: 'basedOn',
  },

  // — products and substances: about no patient, and seen as a Medication is, by whom a referral leads to them

  // Cells, tissue, blood. Its source is a donor, and its requests may be for several patients: neither is carried.
  BiologicallyDerivedProduct: { carries: 'parent processing.additive' },
  CatalogEntry: { carries: 'referencedItem' },
  MedicationKnowledge: { carries: 'associatedMedication ingredient.itemReference' },
  MedicinalProduct: { carries: 'pharmaceuticalProduct packagedMedicinalProduct' },
  MedicinalProductAuthorization: { carries: 'subject' },
  MedicinalProductContraindication: {
    carries: 'subject therapeuticIndication otherTherapy.medicationReference',
  },
  MedicinalProductIndication: {
    carries: 'subject undesirableEffect otherTherapy.medicationReference',
  },
  MedicinalProductIngredient: {},
  MedicinalProductInteraction: { carries: 'subject interactant.itemReference' },
  MedicinalProductManufactured: { carries: 'ingredient' },
  MedicinalProductPackaged: {
    carries: 'subject marketingAuthorization packageItem*.manufacturedItem',
  },
  MedicinalProductPharmaceutical: { carries: 'ingredient' },
  MedicinalProductUndesirableEffect: { carries: 'subject' },
  Substance: { carries: 'ingredient.substanceReference' },
  SubstanceNucleicAcid: { carries: 'subunit.sequenceAttachment.url' },
  SubstancePolymer: { carries: 'repeat.repeatUnit.structuralRepresentation.attachment.url' },
  SubstanceProtein: { carries: 'subunit.sequenceAttachment.url' },
  SubstanceReferenceInformation: {},
  SubstanceSourceMaterial: {},
  SubstanceSpecification: {
    carries: `referenceInformation nucleicAcid polymer protein sourceMaterial
      property.definingSubstanceReference relationship.substanceReference
      structure.representation.attachment.url`,
  },

  // — who pays

  // Where charges are collected, of one patient or of a family: no referral goes from one of them to another by it.
  Account: {},
  // A service or a product that is charged. The account is its context, and not carried.
  ChargeItem: { carries: 'subject performer.actor service productReference supportingInformation' },
  // What is billed or asked to be authorized. It follows no referral: what a provider is paid is between it and the payer.
  Claim: {
    carries: `patient payee.party insurance.coverage supportingInfo.valueReference
      diagnosis.diagnosisReference procedure.procedureReference procedure.udi
      item.udi item.detail.udi item.detail.subDetail.udi`,
  },
  // What a payer authorized (ServiceRequest.insurance); its items are numbered as those of its Claim.
  ClaimResponse: { carries: 'patient request insurance.coverage' },
  // Who pays (SD/BSeR-Coverage).
  Coverage: {
    profiles: [`${BSER}/BSeR-Coverage`],
    carries: 'beneficiary subscriber policyHolder payor contract',
  },
  // The question whether a service is covered.
  CoverageEligibilityRequest: {
    carries: 'patient insurance.coverage supportingInfo.information item.diagnosis.diagnosisReference',
  },
  // What a payer covers.
  CoverageEligibilityResponse: { carries: 'patient request insurance.coverage' },

  // Somebody enrolled in a coverage.
  EnrollmentRequest: { carries: 'candidate coverage' },
  EnrollmentResponse: { carries: 'request' },
  // What a payer decided and paid. As the Claim, it follows no referral.
  ExplanationOfBenefit: {
    carries: `patient claim claimResponse payee.party insurance.coverage supportingInfo.valueReference
      diagnosis.diagnosisReference procedure.procedureReference procedure.udi
      item.udi item.detail.udi item.detail.subDetail.udi`,
  },
  // A product of an insurer; its networks and places are of the directory.
  InsurancePlan: {},
  // What is asked of somebody for charges of one subject.
  Invoice: { carries: 'subject recipient participant.actor lineItem.chargeItemReference' },
  // That money moved, for the claims of many patients: they are not carried.
  PaymentNotice: {},
  PaymentReconciliation: {},

  // — documents and what travels

  // What has no type of its own.
  Basic: { carries: 'subject author' },
  // Content as it was received; reached through its DocumentReference.
  Binary: {},
  // The table of contents of a referral request or feedback document.
  Composition: {
    profiles: [`${BSER}/BSeR-ReferralFeedbackComposition`, `${BSER}/BSeR-ReferralRequestComposition`],
    carries: 'subject author attester.party event.detail section*.author section*.focus section*.entry',
  },
  // A set of documents sent together (IHE XDM); it hangs on the referral by related.
  DocumentManifest: { carries: 'subject author recipient content', follows: 'related.ref' },
  // A received file, hanging on its ServiceRequest by context.related.
  DocumentReference: {
    carries: 'subject author content.attachment.url context.sourcePatientInfo',
    follows: 'context.related',
  },
  // The head of a message (BSeR: referral request and feedback messages); what it is about is its focus.
  MessageHeader: { profiles: [`${BSER}/BSeR-ReferralMessageHeader`], carries: 'focus' },

  // — knowledge: storing a definition of searches, operations or names changes nothing in this server

  ActivityDefinition: PUBLISHED,
  CapabilityStatement: PUBLISHED,
  ChargeItemDefinition: PUBLISHED,
  CodeSystem: PUBLISHED,
  CompartmentDefinition: PUBLISHED,
  ConceptMap: PUBLISHED,
  DeviceDefinition: PUBLISHED,
  EffectEvidenceSynthesis: PUBLISHED,
  EventDefinition: PUBLISHED,
  Evidence: PUBLISHED,
  EvidenceVariable: PUBLISHED,
  ExampleScenario: PUBLISHED,
  GraphDefinition: PUBLISHED,
  ImplementationGuide: PUBLISHED,
  Library: PUBLISHED,
  Measure: PUBLISHED,
  MessageDefinition: PUBLISHED,
  NamingSystem: PUBLISHED,
  ObservationDefinition: PUBLISHED,
  OperationDefinition: PUBLISHED,
  PlanDefinition: PUBLISHED,
  Questionnaire: PUBLISHED,
  ResearchDefinition: PUBLISHED,
  ResearchElementDefinition: PUBLISHED,
  RiskEvidenceSynthesis: PUBLISHED,
  SearchParameter: PUBLISHED,
  SpecimenDefinition: PUBLISHED,
  StructureDefinition: PUBLISHED,
  StructureMap: PUBLISHED,
  TerminologyCapabilities: PUBLISHED,
  TestScript: PUBLISHED,
  ValueSet: PUBLISHED,

  // — about what is published, and no directory: each may refer to a patient or to many

  // How a measure turned out. It carries whom it is about, never the population it was computed from.
  MeasureReport: { carries: 'subject' },
  // A study; who takes part stands in its Group.
  ResearchStudy: {},
  // How a test of a system turned out.
  TestReport: {},
  // Who checked data, and how.
  VerificationResult: {},
};

const pathsIn = (text: string): readonly string[] => text.split(/\s+/);

/** A declaration for each row. */
export const PLAIN_TYPES: readonly ResourceType[] = Object.entries(ROWS).map(
  ([type, { carries, follows, ...row }]) => ({
    type,
    ...row,
    ...(carries !== undefined && { carries: pathsIn(carries) }),
    ...(follows !== undefined && { follows: pathsIn(follows) }),
  }),
);
