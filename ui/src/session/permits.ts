/** What a session's settings leave its viewers to do, as the gateway tells at the start. */
export interface Permits {
  /** The remote screen follows the window. */
  resize: boolean;
  copy: boolean;
  paste: boolean;
  input: boolean;
  download: boolean;
  upload: boolean;
}

export const readPermits = (words: readonly string[]): Permits => ({
  resize: words.includes('resize'),
  copy: words.includes('copy'),
  paste: words.includes('paste'),
  input: words.includes('input'),
  download: words.includes('download'),
  upload: words.includes('upload'),
});

/** Until the gateway has spoken. */
export const EVERYTHING: Permits = { resize: true, copy: true, paste: true, input: true, download: true, upload: true };
