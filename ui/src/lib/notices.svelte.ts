export interface Notice {
  id: number;
  text: string;
  bad: boolean;
}

const SHOWN_MS = 6000;

/** Short messages at the foot of the page, read out by screen readers. */
class Notices {
  list = $state.raw<Notice[]>([]);
  #next = 0;

  say(text: string, bad = false): void {
    const notice = { id: this.#next, text, bad };
    this.#next += 1;
    this.list = [...this.list.slice(-2), notice];
    setTimeout(() => this.dismiss(notice.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
