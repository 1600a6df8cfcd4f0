// A client for every engine that speaks the ZooKeeper protocol.
export {};
