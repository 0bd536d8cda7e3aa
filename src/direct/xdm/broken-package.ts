/** How the reading of a package ends where a fault is found. */
import { packageFault, type PackageFault, type PackageFaultCode } from './faults.ts';

/** Ends the reading of a package, wherever its fault is found; `readXdm` catches it and nobody else sees it. */
export class BrokenPackage extends Error {
  readonly fault: PackageFault;

  constructor(code: PackageFaultCode) {
    super(code);
    this.fault = packageFault(code);
  }
}
