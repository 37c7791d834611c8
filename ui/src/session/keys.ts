/** X11 keysyms of the keys that the pages offer. */
export const KEYSYM = {
  tab: 0xff09,
  escape: 0xff1b,
  delete: 0xffff,
  insert: 0xff63,
  print: 0xff61,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  f1: 0xffbe,
  control: 0xffe3,
  alt: 0xffe9,
  super: 0xffeb,
  menu: 0xff67,
  pause: 0xff13,
  l: 0x6c,
  r: 0x72,
  shift: 0xffe1,
  altGraph: 0xfe03,
  v: 0x76,
  home: 0xff50,
  end: 0xff57,
  pageUp: 0xff55,
  pageDown: 0xff56,
  deadGrave: 0xfe50,
  deadAcute: 0xfe51,
  deadCircumflex: 0xfe52,
  deadTilde: 0xfe53,
  deadDiaeresis: 0xfe57,
  deadRing: 0xfe58,
  deadCedilla: 0xfe5b,
} as const;

/** Keys that are only held while another one is pressed. */
const MODIFIERS = new Set([0xffe1, 0xffe2, 0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9, 0xffea, 0xffeb, 0xffec, 0xfe03]);

export const isModifier = (keysym: number): boolean => MODIFIERS.has(keysym);

/** `v` or `V`: with Ctrl or Cmd it pastes. */
export const isPasteKey = (keysym: number): boolean => keysym === 0x76 || keysym === 0x56;
