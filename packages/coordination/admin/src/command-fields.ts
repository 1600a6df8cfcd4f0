/** What a command answers, under the names that ZooKeeper's Commands.java gives it. */
export type CommandFields = Readonly<Record<string, unknown>>;
