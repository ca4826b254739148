import type { components, operations } from "./schema.gen.js";

/** What a request has besides path, query and body. */
export interface More {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export type Path<Id extends keyof operations> = NonNullable<operations[Id]["parameters"]["path"]>;

export type Query<Id extends keyof operations> = NonNullable<operations[Id]["parameters"]["query"]>;

export type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { "application/json": infer Body } };
}
  ? Body
  : never;

/** What a call answers with. */
export async function data<Data>(call: Promise<{ data: Data }>): Promise<Data> {
  return (await call).data;
}

interface Page<Item> {
  data: Item[];
  paging: components["schemas"]["Paging"];
}

/** Goes through the entries of all pages, from query.page on, whatever becomes of query meanwhile. */
export function pages<Asked extends { page?: number }, Item>(
  query: Asked | undefined,
  read: (query: Asked) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  const asked = { ...query } as Asked;
  return (async function* () {
    // A page below 1 is answered as the first one.
    for (let page = Math.max(1, asked.page ?? 1); ; page++) {
      const { data, paging } = await read({ ...asked, page });
      yield* data;
      if (page >= paging.total_pages) {
        return;
      }
    }
  })();
}
