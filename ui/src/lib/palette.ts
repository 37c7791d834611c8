/** Something that the palette offers. */
export interface Offer {
  id: string;
  group: string;
  title: string;
  /** Shown behind the title, in monospace. */
  detail: string;
  /** What else finds it. */
  words?: string;
  /** Driver whose icon stands before it; none for an action. */
  driver?: string;
  live?: boolean;
  run: (newTab: boolean) => void | Promise<void>;
}

/** How well every word of `query` is found in an offer; 0 where one is missing. */
export function score(offer: Pick<Offer, 'title' | 'detail' | 'words'>, query: string): number {
  const title = offer.title.toLowerCase();
  const all = `${title} ${offer.detail} ${offer.words ?? ''}`.toLowerCase();
  let sum = 1;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    if (!all.includes(word)) return 0;
    sum += title.startsWith(word) ? 3 : title.includes(word) ? 2 : 1;
  }
  return sum;
}

/** The offers that match, best first within each group; groups keep their order. */
export function find(offers: readonly Offer[], query: string): Offer[] {
  const groups = [...new Set(offers.map((offer) => offer.group))];
  const matching = offers.map((offer) => ({ offer, rank: score(offer, query) })).filter(({ rank }) => rank > 0);
  return groups.flatMap((group) =>
    matching.filter(({ offer }) => offer.group === group).sort((a, b) => b.rank - a.rank).map(({ offer }) => offer),
  );
}
