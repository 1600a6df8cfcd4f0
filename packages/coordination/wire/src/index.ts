// The ZooKeeper client protocol as data.
export {};
