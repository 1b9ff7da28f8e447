/**
 * The files of a repository of a model hub, by the hub's tree API, page by page.
 * https://huggingface.co/docs/hub/api#get-apimodelsrepoidtreerevisionpathinrepo
 */
import { z } from 'zod';
import { withoutSlashesAtEnd } from '../../ced/corpus/address';
import { hubPlace, openHubAddress } from './hub-source';
import { readSource, SourceUnreadable, type SourceOptions } from './source';

/** The hub gives a thousand entries a page. */
const LARGEST_PAGE_BYTES = 2 ** 24;
const MOST_PAGES = 1000;

const pageSchema = z.array(z.object({ type: z.string(), path: z.string() }));

/**
 * @param folder `hf://datasets/organisation/repository[@revision][/folder]`
 * @returns addresses of the files below it, in the order of their names
 * @throws {SourceUnreadable} when there is no such folder, or it may not be read
 */
export async function listHubFiles(folder: string, options: SourceOptions): Promise<string[]> {
  const place = hubPlace(withoutSlashesAtEnd(folder));
  if (!place)
    throw new SourceUnreadable(`${folder}: expected hf://datasets/organisation/repository`);
  const { kind, repository, revision, path } = place;
  const inside = path.split('/').map(encodeURIComponent).join('/');
  const tree =
    `/api/${kind || 'models/'}${repository}/tree/${revision}` + (inside === '' ? '' : `/${inside}`);
  const start = withoutSlashesAtEnd(folder).slice(0, path === '' ? undefined : -path.length - 1);
  const files: string[] = [];
  let next: string | null = `${tree}?recursive=true`;
  for (let page = 0; next !== null; page++) {
    if (page === MOST_PAGES)
      throw new SourceUnreadable(`${folder} holds more files than are listed`);
    let link: string | undefined;
    const source = openHubAddress(next, place, options, (found) => (link = found));
    const entries = parsePage((await readSource(source, LARGEST_PAGE_BYTES)).toString('utf8'));
    if (!entries) throw new SourceUnreadable(`${source.name} does not answer as a hub does`);
    for (const entry of entries)
      if (entry.type === 'file') files.push(`${withoutSlashesAtEnd(start)}/${entry.path}`);
    next = pathOfNext(link, tree);
  }
  return files.sort();
}

function parsePage(text: string): z.output<typeof pageSchema> | null {
  try {
    return pageSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The next page, of the same tree: whatever host the link names, it is asked of the hub. */
function pathOfNext(link: string | undefined, tree: string): string | null {
  const address = /<([^<>]+)>; ?rel="next"/.exec(link ?? '')?.[1];
  if (address === undefined) return null;
  const { search } = new URL(address, 'https://hub.invalid');
  return `${tree}${search}`;
}
