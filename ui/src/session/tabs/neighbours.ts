/** What one session of a window may do about the others. `null`: not here, or not for this person. */
export interface Neighbours {
  /** Opens another session in this window. */
  add: (() => void) | null;
  /** Two panes, or one again. */
  split: (() => void) | null;
  /** Takes this session out of the window. */
  leave: (() => void) | null;
  /** Goes to a session of this window by its place in the row, from 0. */
  go: (place: number) => void;
}
