import type { StringKey } from '../strings';
import { HISTORY_PATH, pathOfPage, pathOfRecordings, type Route } from './route';

type Least = 'operator' | 'poweruser' | 'admin';

/** A page that one can go to. */
export interface Place {
  page: Route['page'];
  href: string;
  icon: 'connections' | 'sessions' | 'activity' | 'settings' | 'key' | 'people' | 'folder' | 'recordings';
  label: StringKey;
  /** The page whose tabs it stands in; such a page has no place in the rail. */
  within?: 'settings' | 'sessions';
  /** Its name among those tabs, where that is another. */
  tab?: StringKey;
  least?: Least;
}

/** Every place, in the order of the rail. */
const PLACES: readonly Place[] = [
  { page: 'start', href: '/', icon: 'connections', label: 'nav.connections' },
  { page: 'sessions', href: '/sessions', icon: 'sessions', label: 'nav.sessions', least: 'operator' },
  { page: 'recordings', href: pathOfRecordings(), icon: 'recordings', label: 'nav.recordings', least: 'operator' },
  { page: 'history', href: HISTORY_PATH, icon: 'sessions', label: 'history.title', within: 'sessions', least: 'operator' },
  { page: 'activity', href: pathOfPage('activity'), icon: 'activity', label: 'nav.activity', least: 'admin' },
  { page: 'settings', href: '/settings', icon: 'settings', label: 'nav.settings', within: 'settings', tab: 'tabs.general' },
  { page: 'my-tokens', href: pathOfPage('my-tokens'), icon: 'key', label: 'tabs.mine', within: 'settings', least: 'operator' },
  { page: 'my-credentials', href: pathOfPage('my-credentials'), icon: 'key', label: 'tabs.own', within: 'settings', least: 'operator' },
  { page: 'users', href: pathOfPage('users'), icon: 'people', label: 'tabs.users', within: 'settings', least: 'admin' },
  { page: 'groups', href: pathOfPage('groups'), icon: 'people', label: 'tabs.groups', within: 'settings', least: 'admin' },
  { page: 'folders', href: pathOfPage('folders'), icon: 'folder', label: 'tabs.folders', within: 'settings', least: 'admin' },
  { page: 'all-tokens', href: pathOfPage('all-tokens'), icon: 'key', label: 'tabs.tokens', within: 'settings', least: 'admin' },
  { page: 'machines', href: pathOfPage('machines'), icon: 'connections', label: 'tabs.machines', within: 'settings', least: 'admin' },
  { page: 'host-keys', href: pathOfPage('host-keys'), icon: 'key', label: 'tabs.hostkeys', within: 'settings', least: 'admin' },
];

/** The places that somebody may go to. */
export const placesFor = (who: { may: (role: Least) => boolean }): Place[] =>
  PLACES.filter((place) => place.least === undefined || who.may(place.least));

/** What stands in the rail. */
export const isInRail = (place: Place): boolean => place.within === undefined || place.page === 'settings';
