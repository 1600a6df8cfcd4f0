import { CodedError } from '@reeve/base';
import { ClientError } from '@reeve/client';

/** Facts of a refusal that is about one znode. */
export interface ZnodeFacts {
  /** The code of the client. */
  readonly code: string;
  readonly path: string;
  readonly advice?: string;
}

/** The service has refused something with a znode; its message is what a person reads. */
export class ZnodeError extends CodedError<ZnodeFacts> {}

interface Sentence {
  readonly says: (path: string) => string;
  readonly advice?: string;
}

const sentences: Readonly<Record<string, Sentence>> = {
  no_node: { says: (path) => `there is no znode ${path}` },
  node_exists: {
    says: (path) => `${path} is there already`,
    advice: 'Write to it with "reeve znode set", or have the service number it with --sequential.',
  },
  not_empty: { says: (path) => `${path} has children`, advice: 'Delete them as well with --recursive.' },
  bad_version: {
    says: (path) => `${path} does not have the version that was expected: somebody has written to it`,
    advice: 'Look at it again with "reeve znode get --stat".',
  },
  no_auth: { says: (path) => `the access list of ${path} does not allow it`, advice: 'Say who you are with --auth.' },
  no_children_for_ephemerals: { says: (path) => `the parent of ${path} is ephemeral, and can have no children` },
};

/** Does something with one znode, and says in the words of the command what the service refuses. */
export async function about<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const sentence = error instanceof ClientError ? sentences[error.code] : undefined;
    if (sentence === undefined) throw error;
    const { says, advice } = sentence;
    const facts = { code: (error as ClientError).code, path, ...(advice !== undefined && { advice }) };
    throw new ZnodeError(facts, says(path), { cause: error });
  }
}
