import type { Driver } from '../api/types';
import { account } from '../lib/account.svelte';
import { entries, folderKey, folders, keyOf, nameOfEntry, openEntry, shelf, targetOf, view, wordsOf } from '../lib/book.svelte';
import { drivers, isLive, nameOf, placeOf, presets, sessions } from '../lib/catalog.svelte';
import { parseTargets, type Target } from '../lib/connect-text';
import { draft } from '../lib/draft.svelte';
import { showForm } from '../lib/form-place';
import { openSession, pathOf } from '../lib/open';
import { find, type Offer } from '../lib/palette';
import { placesFor } from '../lib/places';
import { preferences, type Theme } from '../lib/preferences.svelte';
import { connectTarget } from '../lib/quick';
import { recents } from '../lib/recent';
import { router } from '../lib/router.svelte';
import { markSignedOut, SIGN_OUT } from '../lib/sign-out';
import { t } from '../strings';

function adHoc(text: string): Offer[] {
  if (!account.may('poweruser')) return [];
  return parseTargets(text, drivers.data ?? []).slice(0, 5).map((target: Target) => ({
    id: `adhoc:${target.driver.id}`,
    group: t('palette.connect'),
    title: t('palette.adhoc', { target: target.text.replace(/^\S+\s+/, '') }),
    detail: target.driver.label,
    driver: target.driver.id,
    run: (newTab) => connectTarget(target, newTab),
  }));
}

const livePages = (): Offer[] =>
  (sessions.data ?? []).filter(isLive).map((session) => ({
    id: `session:${session.session_id}`,
    group: t('palette.live'),
    title: nameOf(session),
    detail: session.session_type,
    driver: session.session_type,
    live: true,
    words: session.created_by ?? '',
    run: (newTab) => visit(pathOf(session), newTab),
  }));

const readyMade = (): Offer[] =>
  (account.may('poweruser') ? (presets.data ?? []) : []).map((preset) => ({
    id: `preset:${preset.id}`,
    group: t('palette.presets'),
    title: preset.name,
    detail: placeOf(preset),
    driver: preset.session_type,
    words: preset.session_type,
    run: (newTab) => openSession({ preset: preset.id }, newTab),
  }));

/** Most entries that are offered at a time. */
const MOST_ENTRIES = 40;
const MOST_WITHOUT_QUERY = 8;

/** Entries of the address book: without a query, those that this person likes or used. */
function addressBook(query: string): Offer[] {
  const all = entries.data ?? [];
  const near = [...all]
    .filter((entry) => shelf.isFavourite(entry) || shelf.usedAt(entry) !== null)
    .sort((a, b) => (shelf.usedAt(b) ?? 0) - (shelf.usedAt(a) ?? 0))
    .slice(0, MOST_WITHOUT_QUERY);
  const offers = (query.trim() === '' ? near : all).map((entry) => ({
    id: `entry:${keyOf(entry)}`,
    group: t('palette.entries'),
    title: nameOfEntry(entry),
    detail: targetOf(entry),
    driver: entry.type,
    words: wordsOf(entry),
    run: (newTab: boolean) => openEntry(entry, newTab),
  }));
  return find(offers, query).slice(0, MOST_ENTRIES);
}

const bookFolders = (): Offer[] =>
  (folders.data ?? []).map((folder) => ({
    id: `folder:${folderKey(folder)}`,
    group: t('palette.folders'),
    title: folder.name,
    detail: folder.description,
    run: () => {
      view.show(folderKey(folder));
      router.go('/');
    },
  }));

const recent = (): Offer[] =>
  recents().slice(0, 6).filter((entry) => drivers.data?.some((driver) => driver.id === entry.driver)).map((entry) => ({
    id: `recent:${entry.driver}:${entry.title}`,
    group: t('palette.recent'),
    title: entry.title,
    detail: entry.driver,
    driver: entry.driver,
    run: () => {
      draft.take(entry.driver, entry.values);
      showForm();
    },
  }));

const blank = (driver: Driver): Offer => ({
  id: `form:${driver.id}`,
  group: t('palette.form'),
  title: driver.label,
  detail: driver.description,
  driver: driver.id,
  run: () => {
    draft.take(driver.id, {});
    showForm();
  },
});

function visit(path: string, newTab: boolean): void {
  if (newTab) window.open(path, '_blank', 'noopener');
  else router.go(path);
}

function actions(help: () => void): Offer[] {
  const action = (title: string, run: (newTab: boolean) => void, detail = ''): Offer =>
    ({ id: `action:${detail}${title}`, group: t('palette.actions'), title, detail, run });
  const theme = (value: Theme): Offer =>
    action(t(`theme.${value}`), () => { preferences.theme = value; }, t('theme.label'));
  return [
    ...placesFor(account).map((place) => action(t(place.label), (tab) => visit(place.href, tab))),
    theme('system'), theme('light'), theme('dark'),
    action(t('nav.help'), help),
    action(t('nav.signout'), () => {
      markSignedOut();
      location.assign(SIGN_OUT);
    }),
  ];
}

/** What the palette shows for a query: an ad-hoc target first, then what is known. */
export function offersFor(query: string, help: () => void): Offer[] {
  const forms = account.may('poweruser') ? (drivers.data ?? []).map(blank) : [];
  const known = [...readyMade(), ...livePages(), ...recent(), ...(query.trim() === '' ? [] : bookFolders()), ...forms, ...actions(help)];
  return [...adHoc(query), ...addressBook(query), ...find(known, query)];
}
