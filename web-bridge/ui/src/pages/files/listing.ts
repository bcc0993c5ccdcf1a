/* SPDX-License-Identifier: MIT */
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { listPage } from '../../api/files';
import type { FileItem, SortField, SortOrder } from '../../api/types';
import { usageKey } from '../../app/StorageMeter';

/** The first page is small, so that something is there at once; the others are as large as the NAS gives. */
const FIRST_PAGE = 500;
const FURTHER_PAGES = 5_000;
/** Folders up to this size are looked at again by themselves, for others change them too. */
const SMALL = 2_000;
const REFRESH_MS = 20_000;

export interface Listing {
  items: readonly FileItem[];
  /** how many there are, also while only a part has been loaded */
  total: number;
  complete: boolean;
}

type Key = readonly ['files', string, SortField, SortOrder];

async function load(client: QueryClient, key: Key, signal: AbortSignal): Promise<Listing> {
  const [, path, sort, order] = key;
  const showParts = client.getQueryData<Listing>(key)?.complete !== true;
  let items: FileItem[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(
      path,
      sort,
      order,
      cursor,
      cursor === null ? FIRST_PAGE : FURTHER_PAGES,
      signal,
    );
    items = items.concat(page.files);
    cursor = page.next_cursor;
    if (cursor !== null && showParts) {
      client.setQueryData<Listing>(key, { items, total: page.total, complete: false });
    }
  } while (cursor !== null);
  return { items, total: items.length, complete: true };
}

/** The entries of a folder in the order asked for, page by page as they arrive. */
export function useListing(path: string, sort: SortField, order: SortOrder) {
  const client = useQueryClient();
  const key: Key = ['files', path, sort, order];
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => load(client, key, signal),
    placeholderData: (before, query) => (query?.queryKey[1] === path ? before : undefined),
    structuralSharing: false,
    refetchInterval: (query) => ((query.state.data?.total ?? 0) <= SMALL ? REFRESH_MS : false),
  });
}

/** Changes what is shown of a folder before the NAS has been asked again. */
export function patchListing(
  client: QueryClient,
  path: string,
  change: (items: readonly FileItem[]) => FileItem[],
): void {
  client.setQueriesData<Listing>({ queryKey: ['files', path] }, (before) => {
    if (!before) return before;
    const items = change(before.items);
    return { ...before, items, total: before.total + items.length - before.items.length };
  });
}

/** Asks the NAS again about folders and about the space. */
export function refreshFolders(client: QueryClient, folders: Iterable<string>): void {
  for (const folder of folders) void client.invalidateQueries({ queryKey: ['files', folder] });
  void client.invalidateQueries({ queryKey: usageKey });
}
