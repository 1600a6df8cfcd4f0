/** What this coordinator calls itself where ZooKeeper's version is expected: clients read the three numbers. */
export const version = '3.8.0-reeve';
