import { open } from 'node:fs/promises';
import type { Problem } from '../integrations/problem.ts';
import { unreadable } from '../integrations/read-catalogue.ts';
import { shortHash } from '../integrations/short-hash.ts';
import { MOST_BYTES } from '../integrations/yaml-bounds.ts';

/** What stands in a file, and what it is told by from what stood in it before. */
export type Bytes = { readonly version: string } & ({ readonly bytes: Uint8Array } | { readonly problem: Problem });

/** Reads a file without holding anybody up. One that is too large is read as far as shows it. Never rejects. */
export async function readBytes(file: string): Promise<Bytes> {
  try {
    await using handle = await open(file);
    const bytes = Buffer.allocUnsafeSlow(MOST_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const read = new Uint8Array(bytes.subarray(0, length));
    return { version: shortHash(read), bytes: read };
  } catch (error) {
    const problem = unreadable(file, error);
    return { version: problem.reason, problem };
  }
}
