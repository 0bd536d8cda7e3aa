/**
 * fast-check, with one seed for every property of `npm test`: what refuses a change is the change. `npm run prove` takes new
 * chances.
 */
import { configureGlobal } from 'fast-check';
import { seedOfRuns } from './proof.ts';

configureGlobal({ seed: seedOfRuns() });

export * from 'fast-check';
