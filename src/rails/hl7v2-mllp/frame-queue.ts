/** The frames of one connection that wait for their answer: answered in order, one at a time. */
import type { Frame } from '../../hl7v2/mllp.ts';

export interface FrameQueue {
  add(found: Frame): void;
  /** How many frames wait, the one that is being answered included, and how many bytes their messages have. */
  readonly waiting: { readonly frames: number; readonly bytes: number };
  /** Resolves when every frame so far is answered. Never rejects. */
  answered(): Promise<void>;
}

interface FrameQueueParts {
  /** Answers one frame. */
  readonly answer: (found: Frame) => Promise<void>;
  /** Called with what `answer` throws. */
  readonly failed: (error: unknown) => void;
  /** Called when a frame waits no more, whether it was answered or not. */
  readonly left: () => void;
}

export function createFrameQueue({ answer, failed, left }: FrameQueueParts): FrameQueue {
  let work: Promise<void> = Promise.resolve();
  let [frames, bytes] = [0, 0];
  const take = async (found: Frame, size: number): Promise<void> => {
    try {
      await answer(found);
    } catch (error) {
      failed(error);
    } finally {
      frames -= 1;
      bytes -= size;
      left();
    }
  };
  return {
    add(found) {
      const size = found.kind === 'message' ? found.bytes.length : 0;
      frames += 1;
      bytes += size;
      work = work.then(() => take(found, size));
    },
    get waiting() {
      return { frames, bytes };
    },
    answered: () => work,
  };
}
