import { pageOf } from './bounds';
import { perform } from './perform';
import { storedParts } from './stored-json';
import type { Activities } from '../contract/activities';
import type { Workplace } from './activity-context';

/** Activity: returns a page of the names of the parts that a technique can compress. */
export const listParts =
  (at: Workplace): Activities['listParts'] =>
  (request) =>
    perform(at, 'listParts', request, async () => {
      const { technique, from, most } = request;
      const parts = await storedParts(at.store, request.parts);
      const names = parts.filter((part) => part.technique === technique).map(({ name }) => name);
      return pageOf(names.slice(from), most);
    });
