/** Why one side of a connection between members does not talk to the other. */
export const refusals = {
  no_member: 'what connected does not speak the protocol of members: a client, or a scan?',
  other_version: 'it speaks another version of the protocol of members: upgrade one release at a time',
  other_port: 'it took the peer port for the election port: compare the server.N lines of both members',
  other_member: 'it looked for another member at this address: compare myid and the server.N lines of both members',
  own_id: 'it has the same id as this member: give each member a myid of its own',
  secret_missing: 'it was told no ensemble secret, and this member was: set reeve.ensembleSecretFile on all members',
  secret_not_asked:
    'it was told an ensemble secret, and this member was not: set reeve.ensembleSecretFile on all members',
  secret_differs: 'its ensemble secret is another: give all members the same reeve.ensembleSecretFile',
} as const;

/** Why one side of a connection between members does not talk to the other: a code. */
export type Refusal = keyof typeof refusals;

/** Whether a word that came over the wire is a reason that is known. */
export function isRefusal(word: string): word is Refusal {
  return Object.hasOwn(refusals, word);
}
