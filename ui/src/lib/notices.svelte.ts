/** A way back from what was just done. */
export interface NoticeAction {
  label: string;
  run: () => Promise<void>;
}

export interface Notice {
  id: number;
  text: string;
  bad: boolean;
  action: NoticeAction | null;
}

const SHOWN_MS = 6000;
const UNDO_MS = 10_000;

/** Short messages at the foot of the page, read out by screen readers. */
class Notices {
  list = $state.raw<Notice[]>([]);
  #next = 0;

  say(text: string, bad = false, action: NoticeAction | null = null): void {
    const notice = { id: this.#next, text, bad, action };
    this.#next += 1;
    this.list = [...this.list.slice(-2), notice];
    setTimeout(() => this.dismiss(notice.id), action ? UNDO_MS : SHOWN_MS);
  }

  /** Says what was done, and offers to undo it for 10 s. */
  offerUndo(text: string, label: string, run: () => Promise<void>): void {
    this.say(text, false, { label, run });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
